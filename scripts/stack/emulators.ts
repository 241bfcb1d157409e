// The Firebase emulators as one child process: started, watched until all is loaded, and ended without a remainder.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { downloadedEarlier, firestoreEmulatorEnvironment } from "./firestore-emulator.ts";
import { FriendlyError } from "./friendly-error.ts";
import { findJava } from "./java.ts";
import { cacheFolder, emulatorLog, hubUrl, projectId, root } from "./layout.ts";
import { endTree, type Process, processTree } from "./processes.ts";

const names = ["functions", "firestore", "auth", "hosting", "storage", "tasks", "eventarc"] as const;
const readyWithinMs = 180_000;
const endWithinMs = 5_000;
/** Of the log, shown when the start fails. */
const tailLines = 30;

/** The running emulators. */
export type Emulators = {
  /** Resolves when they end by themselves, which they never should, with the reason. */
  readonly ended: Promise<string>;
  /** Ends them and everything that they started. */
  stop(): Promise<void>;
};

/** Environment of the emulators' process and so of the functions: the machine's own, without its cloud credentials. */
function environment(): NodeJS.ProcessEnv {
  const java = findJava();
  const { GOOGLE_APPLICATION_CREDENTIALS: _, FIREBASE_TOKEN: __, NODE_OPTIONS: ___, ...own } = process.env;
  return {
    ...own,
    ...firestoreEmulatorEnvironment(),
    JAVA_HOME: java,
    PATH: [dirname(process.execPath), join(java, "bin"), process.env.PATH].join(delimiter),
    // No account, no usage statistics, no update notice, no message of the day, no colours in the log.
    XDG_CONFIG_HOME: join(cacheFolder, "config"),
    CI: "1",
    NODE_COMPILE_CACHE: join(cacheFolder, "compile-cache"),
    NO_UPDATE_NOTIFIER: "1",
    // Nothing is asked of the network: neither where in Google Cloud we run, nor the registry for newer packages.
    METADATA_SERVER_DETECTION: "none",
    npm_config_offline: "true",
    NO_COLOR: "1",
    FORCE_COLOR: "0",
  };
}

function launch(env: NodeJS.ProcessEnv): ChildProcess {
  const inProcess = ["end-with-parent.ts", "without-expect.ts"];
  const rulesRuntime = process.env.STORAGE_EMULATOR_BINARY_PATH ?? downloadedEarlier("cloud-storage-rules-runtime");
  if (rulesRuntime) env.STORAGE_EMULATOR_BINARY_PATH = rulesRuntime;
  else inProcess.push("storage-rules-stand-in.ts");
  return spawn(
    process.execPath,
    [
      ...inProcess.flatMap((file) => ["--import", new URL(file, import.meta.url).href]),
      join(root, "node_modules", "firebase-tools", "lib", "bin", "firebase.js"),
      "emulators:start",
      ...["--project", projectId, "--only", names.join(","), "--config", join(root, "firebase.json")],
    ],
    // A group of its own, so that a Ctrl-C in the terminal reaches only us, who end the emulators in order.
    { cwd: cacheFolder, env, stdio: ["ignore", "pipe", "pipe", "ipc"], detached: true },
  );
}

async function checkHub(): Promise<void> {
  const running = (await (await fetch(`${hubUrl}/emulators`)).json()) as Record<string, unknown>;
  const missing = names.filter((name) => !(name in running));
  if (missing.length > 0)
    throw new FriendlyError(`The emulators run without ${missing.join(", ")}: see ${emulatorLog}`);
}

/**
 * Starts the emulators and resolves when each answers and all functions are loaded.
 * @param onLine gets every line that the emulators and the functions print; all of it is in `.cache/emulators.log` too.
 * @param signal abandons the start.
 * @throws FriendlyError when they do not start, with the end of their log.
 */
export async function startEmulators(onLine: (line: string) => void, signal: AbortSignal): Promise<Emulators> {
  mkdirSync(cacheFolder, { recursive: true });
  const env = environment();
  // Sockets, blobs and the hub's address of this stack alone, whoever else runs emulators here.
  const temporaryFolder = mkdtempSync(join(tmpdir(), "boomerang-"));
  const removeTemporaryFolder = (): void => rmSync(temporaryFolder, { recursive: true, force: true });
  process.once("exit", removeTemporaryFolder);
  const log = createWriteStream(emulatorLog);
  const child = launch({ ...env, TMPDIR: temporaryFolder });
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const { promise: ready, resolve: succeed, reject: fail } = Promise.withResolvers<void>();
  child.once("error", (error) => end(error.message));
  child.once("exit", (code, by) => end(by ? `they were ended by ${by}` : `they ended with code ${code}`));

  const tail: string[] = [];
  const see = (line: string): void => {
    log.write(`${line}\n`);
    if (tail.push(line) > tailLines) tail.shift();
    if (/Failed to load function definition/.test(line)) fail(new Error("the functions could not be loaded"));
    if (/All emulators ready!/.test(line)) succeed();
    onLine(line);
  };
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on("line", see);

  // Firestore's Java has a process group of its own: noted here, so that it is found even if its parent is killed.
  let own: Process[] = [];
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined) await endTree(child.pid, "SIGINT", endWithinMs, own);
    await new Promise((resolve) => log.end(resolve));
    removeTemporaryFolder();
  };
  const timer = setTimeout(() => fail(new Error(`they were not ready after ${readyWithinMs / 1000} s`)), readyWithinMs);
  signal.addEventListener("abort", () => fail(signal.reason), { once: true });
  ended.then((reason) => fail(new Error(reason)));
  try {
    signal.throwIfAborted();
    await ready;
    own = processTree(child.pid ?? 0);
    await checkHub();
    return { ended, stop };
  } catch (error) {
    const lastLines = tail.join("\n");
    await stop();
    if (signal.aborted || error instanceof FriendlyError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FriendlyError(
      `${lastLines}\n\nThe emulators did not start: ${reason}. Above is the end of ${emulatorLog}`,
    );
  } finally {
    clearTimeout(timer);
  }
}
