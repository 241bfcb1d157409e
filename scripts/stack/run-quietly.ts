import { spawn } from "node:child_process";
import { root } from "./layout.ts";
import { processTree, signalAll } from "./processes.ts";

/**
 * Runs a program in the root of the repository and keeps what it prints.
 * @returns whether it ended with code 0, and its output, or why it could not be started.
 */
export function runQuietly(
  program: string,
  args: string[],
  interruption: AbortSignal,
): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    const interrupt = (): void => signalAll(processTree(child.pid ?? 0), "SIGTERM");
    interruption.addEventListener("abort", interrupt, { once: true });
    const settle = (ok: boolean, reason = ""): void => {
      interruption.removeEventListener("abort", interrupt);
      resolve({ ok, output: `${Buffer.concat(chunks)}${reason}` });
    };
    child.once("error", (error) => settle(false, `${program} cannot be started: ${error.message}`));
    child.once("close", (code) => settle(code === 0));
  });
}
