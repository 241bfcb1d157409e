import { spawn } from "node:child_process";
import { constants } from "node:os";
import { FriendlyError } from "./friendly-error.ts";
import { clientEnvironment } from "./layout.ts";
import { processTree, signalAll } from "./processes.ts";

const graceMs = 10_000;

/**
 * Runs a command against the stack, in the caller's terminal, and passes an interruption on to it.
 * @returns its exit code, or 128 + n when signal n ended it.
 * @throws FriendlyError when it cannot be started (exit code 127 if it does not exist, 126 otherwise, as in a shell).
 */
export function runCommand(
  command: string,
  args: string[],
  interruption: AbortSignal,
  { stdout = "inherit", cwd = process.cwd() }: { stdout?: "inherit" | "ignore"; cwd?: string } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    if (interruption.aborted) return reject(interruption.reason);
    const child = spawn(command, args, {
      cwd,
      stdio: ["inherit", stdout, "inherit"],
      env: { ...process.env, ...clientEnvironment },
    });
    let killer: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      const tree = processTree(child.pid ?? 0);
      const signal: NodeJS.Signals = interruption.reason;
      // A Ctrl-C in the terminal has reached the command already.
      if (!(signal === "SIGINT" && process.stdin.isTTY)) signalAll(tree, signal);
      killer = setTimeout(() => signalAll([...tree, ...processTree(child.pid ?? 0)], "SIGKILL"), graceMs);
    };
    interruption.addEventListener("abort", interrupt, { once: true });
    const settle = (): void => {
      clearTimeout(killer);
      interruption.removeEventListener("abort", interrupt);
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      settle();
      const missing = error.code === "ENOENT";
      const reason = missing ? "there is no such command" : error.message;
      reject(new FriendlyError(`Cannot run ${command}: ${reason}.`, missing ? 127 : 126));
    });
    child.once("exit", (code, signal) => {
      settle();
      resolve(signal ? 128 + constants.signals[signal] : (code ?? 1));
    });
  });
}
