// The checks that need no test runner. Each counts as one test; its output is shown when it fails.
import { join } from "node:path";
import { root } from "../stack/layout.ts";
import { runQuietly } from "../stack/run-quietly.ts";
import { add, none, type Outcome } from "./outcome.ts";

const tool = (name: string): string => join(root, "node_modules", ".bin", name);

/** Name of each check, with its commands. */
const checks: [name: string, commands: string[][]][] = [
  ["format and lint", [[tool("biome"), "check", "."]]],
  ["dependency rules", [[tool("depcruise"), "--config", ".dependency-cruiser.cjs", "functions/src"]]],
  [
    "types",
    [
      [tool("tsc"), "--noEmit", "-p", "functions"],
      [tool("tsc"), "--noEmit", "-p", "."],
    ],
  ],
  ["build of the functions", [[process.execPath, join(root, "functions", "build.mjs")]]],
];

/** Runs every check, also after one has failed, until `interruption`. */
export async function runChecks(interruption: AbortSignal): Promise<Outcome> {
  let outcome = none;
  for (const [name, commands] of checks) {
    if (interruption.aborted) break;
    const started = performance.now();
    const outputs: string[] = [];
    for (const [program = "", ...args] of commands) {
      const { ok, output } = await runQuietly(program, args, interruption);
      if (!ok) outputs.push(output);
    }
    const passed = outputs.length === 0;
    if (!passed) console.log(outputs.join("\n"));
    console.log(`${passed ? "passed" : "FAILED"}  ${name}  (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    outcome = add(outcome, passed ? { ...none, passed: 1 } : { ...none, failed: 1 });
  }
  return outcome;
}
