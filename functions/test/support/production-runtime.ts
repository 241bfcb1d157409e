import { type FunctionProcess, startFunction } from "../../../scripts/stack/function-process.ts";
import { buildIfOutOfDate } from "./functions-build.ts";

/** One deployed function on functions-framework, which is what Cloud Functions runs; `output` is all that it has printed so far. */
export type ProductionRuntime = Pick<FunctionProcess, "url" | "peakMemory" | "output" | "stop">;

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
  let output = "";
  const runtime = await startFunction(target, env, (text) => {
    output += text;
  });
  return { ...runtime, output: () => output };
}
