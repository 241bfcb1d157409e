import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FriendlyError } from "../../scripts/stack/friendly-error.ts";
import { cacheFolder } from "../../scripts/stack/layout.ts";

const logFolder = join(cacheFolder, "bench");
const running = new Set<ChildProcess>();

// Whatever ends this process takes what it started with it.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A process that the bench started. */
export interface Child {
  readonly process: ChildProcess;
  /** The end of what it printed. */
  output(): string;
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts a program that writes to a file of its own, so that nobody has to read along while it is measured. */
export function startChild(name: string, program: string, args: string[], options: SpawnOptions = {}): Child {
  mkdirSync(logFolder, { recursive: true });
  const file = join(logFolder, `${name}.log`);
  const log = openSync(file, "w");
  const child = spawn(program, args, { ...options, stdio: ["ignore", log, log, "ipc"] });
  closeSync(log);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return {
    process: child,
    output: () => readFileSync(file, "utf8").slice(-4_000),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** The next message of a process over its channel. @throws FriendlyError with its output where it ends instead. */
export async function messageOf<Message>(name: string, child: Child): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const fail = (reason: string) => reject(new FriendlyError(`${name} ${reason}. It wrote:\n${child.output()}`));
  const ended = (code: number | null, signal: string | null) => fail(`ended by itself (${signal ?? code})`);
  const broken = (error: Error) => fail(`could not be started: ${error.message}`);
  const heard = (message: unknown) => resolve(message as Message);
  child.process.once("message", heard).once("exit", ended).once("error", broken);
  return await promise.finally(() => child.process.off("message", heard).off("exit", ended).off("error", broken));
}
