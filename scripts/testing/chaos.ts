import { join } from "node:path";
import { root } from "../stack/layout.ts";
import { runQuietly } from "../stack/run-quietly.ts";
import { none, type Outcome } from "./outcome.ts";

/** Enough for every kind of task, and for each function to be killed; the long runs are a person's: docs/chaos.md. */
const tasks = 30;
/** Always the same decisions, so that it fails for what was changed, and not for bad luck. */
const seed = 3;

/** The short run of the chaos, as one test; its report is shown where it fails. `npm test -- chaos` runs it alone. */
export async function runChaos(patterns: string[], interruption: AbortSignal): Promise<Outcome> {
  if (patterns.length > 0 && !patterns.some((pattern) => new RegExp(pattern).test("scripts/chaos"))) return none;
  console.log("\nRunning the chaos …");
  const started = performance.now();
  const main = join(root, "scripts", "main.ts");
  const args = [main, "chaos", "--seed", String(seed), "--tasks", String(tasks)];
  const { ok, output } = await runQuietly(process.execPath, args, interruption);
  if (!ok) console.log(output);
  console.log(`${ok ? "passed" : "FAILED"}  chaos  (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return ok ? { ...none, passed: 1 } : { ...none, failed: 1 };
}
