import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { UnexpectedTurn } from "./story.ts";

const READY_WITHIN_MS = 20_000;
const running = new Set<ChildProcess>();

// Whatever ends this process, a crash or an impatient Ctrl-C, takes its servers with it.
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

/**
 * Starts one of the example servers in a process of its own, on a free port.
 * @returns its base URL, as it prints it.
 * @throws UnexpectedTurn with what it printed, when it does not come up.
 */
export async function startChildServer(script: string, env: Record<string, string>): Promise<string> {
  const child = fork(script, { env: { ...process.env, ...env, PORT: "0" }, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const printed: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = () =>
    reject(new UnexpectedTurn(`${script} did not start:\n${printed.join("\n") || "(it printed nothing)"}`));
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      printed.push(line);
      const url = /listens on (http:\S+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  }
  child.once("exit", fail);
  child.once("error", fail);
  const timer = setTimeout(fail, READY_WITHIN_MS);
  return promise.finally(() => clearTimeout(timer));
}

/** Ends every server that was started, and waits until it is gone. */
export async function stopChildServers(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    }),
  );
}
