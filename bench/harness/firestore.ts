import { once } from "node:events";
import { createServer } from "node:net";
import { totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { firestoreEmulatorEnvironment } from "../../scripts/stack/firestore-emulator.ts";
import { FriendlyError } from "../../scripts/stack/friendly-error.ts";
import { findJava } from "../../scripts/stack/java.ts";
import { root } from "../../scripts/stack/layout.ts";
import { runQuietly } from "../../scripts/stack/run-quietly.ts";
import { startChild } from "./children.ts";

const startsWithinMs = 60_000;

/** A Firestore emulator of the bench's own, with nothing in it. */
export interface FirestoreEmulator {
  /** `127.0.0.1:{port}`, for FIRESTORE_EMULATOR_HOST. */
  readonly host: string;
  stop(): Promise<void>;
}

/**
 * Starts one on a free port; a download comes first where this machine has none.
 * @param heapGib how much memory its Java may use; at most half of the machine's.
 * @throws FriendlyError that says what is missing.
 */
export async function startFirestore(heapGib = 4): Promise<FirestoreEmulator> {
  const jar = await findJar();
  const port = await freePort();
  const heapMib = Math.floor(Math.min(heapGib * 1_024, totalmem() / 1_024 ** 2 / 2));
  const java = join(findJava(), "bin", "java");
  const host = `127.0.0.1:${port}`;
  const args = [`-Xmx${heapMib}m`, "-jar", jar, "--host", "127.0.0.1", "--port", String(port)];
  const child = startChild("firestore", java, args, { cwd: root });
  const deadline = performance.now() + startsWithinMs;
  while (!(await answers(`http://${host}/`))) {
    if (child.process.exitCode !== null || performance.now() > deadline) {
      await child.stop();
      throw new FriendlyError(`The Firestore emulator did not start. It wrote:\n${child.output()}`);
    }
    await sleep(100);
  }
  return { host, stop: () => child.stop() };
}

async function findJar(): Promise<string> {
  const known = jarOnThisMachine();
  if (known !== undefined) return known;
  const firebase = join(root, "node_modules", "firebase-tools", "lib", "bin", "firebase.js");
  const { output } = await runQuietly(
    process.execPath,
    [firebase, "setup:emulators:firestore"],
    new AbortController().signal,
  );
  const downloaded = jarOnThisMachine();
  if (downloaded !== undefined) return downloaded;
  throw new FriendlyError(`${output}\nThe Firestore emulator could not be downloaded: see the messages above.`);
}

function jarOnThisMachine(): string | undefined {
  return firestoreEmulatorEnvironment().FIRESTORE_EMULATOR_BINARY_PATH ?? process.env.FIRESTORE_EMULATOR_BINARY_PATH;
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === "object" ? address.port : 0;
}
