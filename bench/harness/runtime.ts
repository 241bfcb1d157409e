import { join } from "node:path";
import { type FunctionProcess, startFunction } from "../../scripts/stack/function-process.ts";
import { functionsFolder, root } from "../../scripts/stack/layout.ts";
import { logFolder, logOf } from "./children.ts";
import { processorMs } from "./processor-time.ts";

/** Where a function's code is: the product's, as it is deployed, or what it is measured against. */
const sources = {
  product: functionsFolder,
  reference: join(root, "bench/references"),
  bare: join(root, "bench/references/bare"),
} as const;

/** One function in a process of its own, on functions-framework, that can be measured. */
export interface Runtime extends Pick<FunctionProcess, "url" | "ask" | "output" | "peakMemory" | "stop"> {
  /** The processor time that it has had so far, in milliseconds; NaN where the system does not tell. */
  readonly cpuMs: () => number;
}

/** Starts the function `target` as Cloud Functions does. `env` comes on top of this process's own environment. */
export async function startRuntime(
  source: keyof typeof sources,
  target: string,
  env: Readonly<Record<string, string>>,
): Promise<Runtime> {
  const profiled = process.env.BENCH_PROFILE === target;
  const flags = profiled ? ["--cpu-prof", `--cpu-prof-dir=${logFolder}`] : [];
  const environment = { NODE_ENV: "production", ...env };
  const options = { source: sources[source], flags };
  const runtime = await startFunction(target, environment, logOf(`${source}-${target}`), options);
  return {
    ...runtime,
    cpuMs: () => processorMs(runtime.pid),
    // A profile is written when the process ends by itself.
    stop: profiled ? runtime.dismiss : runtime.stop,
  };
}
