import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, type Output, startChild } from "./child.ts";
import { downloadedEarlier, firestoreEmulatorEnvironment } from "./firestore-emulator.ts";
import { FriendlyError } from "./friendly-error.ts";
import { findJava } from "./java.ts";
import { root } from "./layout.ts";
import { runQuietly } from "./run-quietly.ts";

const readyWithinMs = 120_000;

/** A Firestore emulator in a process of its own, with nothing in it. It ends with this process, however that ends. */
export interface FirestoreProcess extends Pick<Child, "pid" | "signal" | "stop"> {
  /** `127.0.0.1:{port}`, for FIRESTORE_EMULATOR_HOST. */
  readonly address: string;
}

interface Options {
  /** How much memory its Java may use, but at most three quarters of the machine's; Java's own choice where it is left out. */
  readonly heapGib?: number;
  /** The `host:port` that gets its events. */
  readonly eventsTo?: string;
  /** Abandons the start. */
  readonly signal?: AbortSignal;
}

/**
 * Starts one on a free port; a download comes first where this machine has none.
 * @throws FriendlyError that says what is missing, or what it printed where it does not come up.
 */
export async function startFirestore(
  output: Output,
  { heapGib, eventsTo, signal = new AbortController().signal }: Options = {},
): Promise<FirestoreProcess> {
  const jar = await emulatorJar(signal);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const heap = heapGib === undefined ? [] : [`-Xmx${heapMib(heapGib)}m`];
  const events = eventsTo === undefined ? [] : ["--functions_emulator", eventsTo];
  const place = ["--host", "127.0.0.1", "--port", String(port)];
  const args = [...heap, "-Duser.language=en", "-jar", jar, ...place, ...events];
  const child = startChild("The Firestore emulator", join(findJava(), "bin", "java"), args, {}, output);
  const guard = fork(join(import.meta.dirname, "end-with-run.ts"), [String(child.pid)], { stdio: "ignore" });
  const stop = async () => {
    guard.kill();
    await child.stop();
  };
  try {
    await untilReady(child, address, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, pid: child.pid, signal: child.signal, stop };
}

/** The emulator that is on this machine, or else one that firebase-tools downloads. */
async function emulatorJar(signal: AbortSignal): Promise<string> {
  const known =
    process.env.FIRESTORE_EMULATOR_BINARY_PATH ?? firestoreEmulatorEnvironment().FIRESTORE_EMULATOR_BINARY_PATH;
  if (known !== undefined) return known;
  const tool = join(root, "node_modules", "firebase-tools", "lib", "bin", "firebase.js");
  const { output } = await runQuietly(process.execPath, [tool, "setup:emulators:firestore"], signal);
  const downloaded = downloadedEarlier("cloud-firestore-emulator");
  if (downloaded !== undefined) return downloaded;
  throw new FriendlyError(
    `${output}\nThe Firestore emulator could not be downloaded: see above. Or name a jar of it in FIRESTORE_EMULATOR_BINARY_PATH.`,
  );
}

function heapMib(gib: number): number {
  return Math.floor(Math.min(gib * 1_024, (totalmem() / 1_024 ** 2) * 0.75));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

async function untilReady(child: Child, address: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  let alive = true;
  child.ended.then(() => {
    alive = false;
  });
  while (alive && performance.now() < deadline) {
    signal.throwIfAborted();
    const answer = await fetch(`http://${address}/`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new FriendlyError(`The Firestore emulator did not come up. It wrote:\n${child.output()}`);
}
