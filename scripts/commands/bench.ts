import { once } from "node:events";
import { runSections } from "../../bench/run.ts";
import { buildFunctions } from "../stack/build.ts";
import { listenForInterruption } from "../stack/interruption.ts";

/** `npm run bench [-- SECTION …]`: measures, all or those sections; with `quick`, in less time and less exactly. */
export async function bench(args: string[]): Promise<number> {
  const interruption = listenForInterruption();
  await buildFunctions(interruption.signal);
  const names = args.filter((arg) => arg !== "quick");
  try {
    const effort = args.includes("quick") ? "quick" : "full";
    // A section takes minutes. What it has started ends with this process.
    const interrupted = once(interruption.signal, "abort").then(() => interruption.signal.throwIfAborted());
    await Promise.race([runSections(names, effort, interruption.signal), interrupted]);
    return 0;
  } catch (error) {
    const code = interruption.exitCode();
    if (code === undefined) throw error;
    return code;
  }
}
