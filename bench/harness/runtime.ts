import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { functionsFolder, root } from "../../scripts/stack/layout.ts";
import { messageOf, startChild } from "./children.ts";

const framework = join(root, "node_modules/@google-cloud/functions-framework/build/src/main.js");
const preload = join(functionsFolder, "test/support/listen-on-loopback.mjs");

/** Where a function's code is: the product's, as it is deployed, or what it is measured against. */
const sources = {
  product: functionsFolder,
  reference: join(root, "bench/references"),
  bare: join(root, "bench/references/bare"),
} as const;

/** One function in a process of its own, on functions-framework. */
export interface Runtime {
  /** `http://127.0.0.1:{port}`, without a slash at the end. */
  readonly url: string;
  /** The processor time that it has had so far, in milliseconds; NaN where the system does not tell. */
  cpuMs(): number;
  /** The most memory that it ever had, in megabytes. */
  peakMb(): Promise<number>;
  /** What it says to `question`, over its channel. */
  ask<Answer>(question: string): Promise<Answer>;
  /** The end of what it printed. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts the function `target` as Cloud Functions does. `env` comes on top of this process's own environment. */
export async function startRuntime(
  source: keyof typeof sources,
  target: string,
  env: Readonly<Record<string, string>>,
): Promise<Runtime> {
  const profile = process.env.BENCH_PROFILE === target ? ["--cpu-prof", "--cpu-prof-dir=.cache/bench"] : [];
  const args = [...profile, "--import", preload, framework, `--source=${sources[source]}`];
  const child = startChild(`${source}-${target}`, process.execPath, args, {
    cwd: root,
    env: { ...process.env, NODE_ENV: "production", FUNCTION_TARGET: target, ...env },
  });
  function ask<Answer>(question: string): Promise<Answer> {
    child.process.send(question);
    return messageOf(`The runtime of ${target}`, child);
  }
  const { port } = await messageOf<{ port: number }>(`The runtime of ${target}`, child);
  return {
    url: `http://127.0.0.1:${port}`,
    cpuMs: () => cpuMs(child.process.pid),
    peakMb: async () => (await ask<{ bytes: number }>("memory")).bytes / 1_000_000,
    ask,
    output: child.output,
    stop: () => stop(child, profile.length > 0),
  };
}

/** proc_pid_stat(5): time in user and in kernel mode, in hundredths of a second. */
function cpuMs(pid: number | undefined): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return Number.NaN;
  const stat = readFileSync(file, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** A profile is written when the process ends by itself, as it does when its channel is closed. */
async function stop(child: ReturnType<typeof startChild>, profiled: boolean): Promise<void> {
  if (!profiled) return await child.stop();
  const gone = new Promise((resolve) => child.process.once("exit", resolve));
  child.process.disconnect();
  await gone;
}
