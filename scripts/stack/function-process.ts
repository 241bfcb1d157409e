import { join } from "node:path";
import { type Child, type Output, startChild } from "./child.ts";
import { functionsFolder, root } from "./layout.ts";

const framework = join(root, "node_modules/@google-cloud/functions-framework/build/src/main.js");
const listenOnLoopback = new URL("listen-on-loopback.mjs", import.meta.url).href;

/** One function in a process of its own on functions-framework, which is what Cloud Functions runs. It ends with this process. */
export interface FunctionProcess extends Omit<Child, "hear"> {
  /** `http://127.0.0.1:{port}`, without a slash at the end. */
  readonly url: string;
  /** The most memory that the process has held at any time, in bytes. */
  readonly peakMemory: () => Promise<number>;
}

interface Options {
  /** Where the function's code is; the product's own, as it was built, unless this says otherwise. */
  readonly source?: string;
  /** For Node.js. */
  readonly flags?: readonly string[];
}

/**
 * Starts the function called `target`, and resolves when it listens. `env` comes on top of this process's own environment.
 * @throws FriendlyError with what it printed, where it ends before.
 */
export async function startFunction(
  target: string,
  env: Readonly<Record<string, string>>,
  output: Output,
  { source = functionsFolder, flags = [] }: Options = {},
): Promise<FunctionProcess> {
  const { hear, ...child } = startChild(
    `The runtime of ${target}`,
    process.execPath,
    [...flags, "--import", listenOnLoopback, framework, `--source=${source}`],
    // The platform names the function in FUNCTION_TARGET, not with --target: the code looks there too.
    { ...env, FUNCTION_TARGET: target },
    output,
  );
  const { port } = await hear<{ port: number }>();
  return {
    ...child,
    url: `http://127.0.0.1:${port}`,
    peakMemory: async () => (await child.ask<{ bytes: number }>("memory")).bytes,
  };
}
