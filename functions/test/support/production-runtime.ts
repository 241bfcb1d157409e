import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";

const functionsFolder = join(__dirname, "../..");
const framework = join(functionsFolder, "../node_modules/@google-cloud/functions-framework/build/src/main.js");
const bundle = join(functionsFolder, "lib/index.js");
const lock = join(functionsFolder, "node_modules/.building");
const maxRounds = 300;

/** One deployed function on functions-framework, which is what Cloud Functions runs. */
export interface ProductionRuntime {
  /** `http://127.0.0.1:{port}`, without a slash at the end. */
  readonly url: string;
  /** The most memory that the process has held at any time, in bytes. */
  peakMemory(): Promise<number>;
  /** What it has written to stdout and stderr so far. */
  output(): string;
  /** Ends the process, and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts the function called `target` in a process of its own, from the bundle in functions/lib, which is made first
 * where it is out of date. `env` comes on top of the test's own environment. Throws, with the process's output, where it
 * does not come up.
 */
export async function startProductionRuntime(
  target: string,
  env: Readonly<Record<string, string>>,
): Promise<ProductionRuntime> {
  buildIfOutOfDate();
  const preload = ["--import", join(__dirname, "listen-on-loopback.ts")];
  const child = spawn(process.execPath, [...preload, framework, `--source=${functionsFolder}`], {
    // The platform names the function in FUNCTION_TARGET, not with --target: the code looks there too.
    env: { ...process.env, FUNCTION_TARGET: target, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
  const port = await listeningPort(child).catch(async (cause: unknown) => {
    await ended(child);
    throw new Error(`The runtime of ${target} did not start. It wrote:\n${output}`, { cause });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    peakMemory: async () => {
      child.send("peak memory");
      const [message] = await once(child, "message");
      return (message as { bytes: number }).bytes;
    },
    output: () => output,
    stop: () => ended(child),
  };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { port: number }).port));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`It ended with code ${code}.`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Several test files may find the bundle out of date at once: one makes it, the others wait for that. */
function buildIfOutOfDate(): void {
  for (let round = 0; isOutOfDate(); round += 1) {
    if (round === maxRounds) throw new Error(`Nobody finished building the functions. Remove ${lock} and try again.`);
    if (!takeLock()) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      continue;
    }
    try {
      const build = spawnSync(process.execPath, [join(functionsFolder, "build.mjs")], { encoding: "utf8" });
      if (build.status !== 0) throw new Error(`The functions could not be built:\n${build.stdout}${build.stderr}`);
    } finally {
      rmdirSync(lock);
    }
  }
}

function isOutOfDate(): boolean {
  const changedAt = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync(join(functionsFolder, "src/**/*.ts"));
  return Math.max(...sources.map(changedAt)) >= changedAt(bundle);
}

function takeLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}
