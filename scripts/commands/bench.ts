import { runSections } from "../../bench/run.ts";
import { buildFunctions } from "../stack/build.ts";
import { listenForInterruption } from "../stack/interruption.ts";

/** `npm run bench [-- SECTION …]`: measures, all or those sections; with `quick`, in less time and less exactly. */
export async function bench(args: string[]): Promise<number> {
  const interruption = listenForInterruption();
  await buildFunctions(interruption.signal);
  const names = args.filter((arg) => arg !== "quick");
  try {
    await runSections(names, args.includes("quick") ? "quick" : "full", interruption.signal);
    return 0;
  } catch (error) {
    const code = interruption.exitCode();
    if (code === undefined) throw error;
    return code;
  }
}
