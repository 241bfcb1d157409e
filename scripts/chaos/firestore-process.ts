import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { downloadedEarlier, firestoreEmulatorEnvironment } from "../stack/firestore-emulator.ts";
import { FriendlyError } from "../stack/friendly-error.ts";
import { findJava } from "../stack/java.ts";
import { root } from "../stack/layout.ts";
import { runQuietly } from "../stack/run-quietly.ts";
import type { WriteLog } from "./run-log.ts";

const readyWithinMs = 120_000;

/** The Firestore emulator in a process of its own, which can be stopped in its tracks. */
export interface FirestoreProcess {
  /** `host:port`, as the SDKs take it. */
  readonly address: string;
  /** Has the emulator post the events of a kind of document to `/functions/projects/{project}/triggers/{name}` of the relay. */
  readonly addTrigger: (projectId: string, name: string, on: "created" | "written", path: string) => Promise<void>;
  /** SIGSTOP, and SIGCONT after `ms`: for so long nobody gets an answer. */
  readonly pause: (ms: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the emulator on a free port. `relay` is the `host:port` that gets its events.
 * @throws FriendlyError where it does not come up.
 */
export async function startFirestore(relay: string, log: WriteLog, signal: AbortSignal): Promise<FirestoreProcess> {
  const jar = await emulatorJar(signal);
  const address = `127.0.0.1:${await freePort()}`;
  const [host = "", port = ""] = address.split(":");
  const child = spawn(
    join(findJava(), "bin", "java"),
    ["-Duser.language=en", "-jar", jar, "--host", host, "--port", port, "--functions_emulator", relay],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const kill = () => child.kill("SIGKILL");
  const guard = fork(join(import.meta.dirname, "end-with-run.ts"), [String(child.pid)], { stdio: "ignore" });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => log("firestore", String(text)));
  const stop = async () => {
    guard.kill();
    if (child.exitCode !== null || child.signalCode !== null) return;
    kill();
    await once(child, "exit");
  };
  try {
    await untilReady(child, address, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address,
    addTrigger: (projectId, name, on, path) => addTrigger(address, projectId, name, on, path),
    pause: async (ms) => {
      child.kill("SIGSTOP");
      try {
        await sleep(ms);
      } finally {
        child.kill("SIGCONT");
      }
    },
    stop,
  };
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

async function untilReady(child: ChildProcess, address: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  while (child.exitCode === null && performance.now() < deadline) {
    signal.throwIfAborted();
    const answer = await fetch(`http://${address}/`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new FriendlyError("The Firestore emulator did not come up: see .cache/chaos.log for what it printed.");
}

/** As firebase-tools does it for a function of the 2nd generation. */
async function addTrigger(address: string, projectId: string, name: string, on: string, path: string): Promise<void> {
  const url = `http://${address}/emulator/v1/projects/${projectId}/eventarcTrigger?eventarcTriggerId=${name}`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: "Bearer owner", "content-type": "application/json" },
    body: JSON.stringify({
      eventType: `google.cloud.firestore.document.v1.${on}`,
      database: "(default)",
      namespace: "(default)",
      document: { value: path, matchType: "PATH_PATTERN" },
    }),
  });
  if (!answer.ok) throw new Error(`The Firestore emulator refused the trigger ${name}: ${await answer.text()}`);
}
