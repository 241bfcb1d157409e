import { listenForInterruption } from "../stack/interruption.ts";
import { withStack } from "../stack/stack.ts";
import { runChaos } from "../testing/chaos.ts";
import { runChecks } from "../testing/checks.ts";
import { hasTests, runJest } from "../testing/jest.ts";
import { add, none, type Outcome, summary } from "../testing/outcome.ts";

/** Runs the emulator tests inside the stack. A stack that does not come up, or dies, is a failed test. */
async function emulatorTests(
  patterns: string[],
  interruption: ReturnType<typeof listenForInterruption>,
): Promise<Outcome> {
  let outcome = none;
  if (!(await hasTests("emulator", patterns, interruption.signal))) return outcome;
  try {
    await withStack(
      interruption,
      async (signal) => {
        outcome = await runJest("emulator", patterns, signal);
        return 0;
      },
      // The tests run the scheduled function themselves: one that came by the clock would take their stale tasks away.
      { tick: false },
    );
    return outcome;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return add(outcome, { ...none, failed: 1 });
  }
}

/**
 * `npm test`: every check and every test. The last line is the sum, each check counting as one test.
 * `npm test -- pattern` runs the checks and only those test files whose path matches (the chaos by its folder, scripts/chaos).
 */
export async function test(patterns: string[]): Promise<number> {
  const interruption = listenForInterruption();
  let outcome = await runChecks(interruption.signal);
  if (!interruption.signal.aborted) outcome = add(outcome, await runJest("unit", patterns, interruption.signal));
  if (!interruption.signal.aborted) outcome = add(outcome, await emulatorTests(patterns, interruption));
  if (!interruption.signal.aborted) outcome = add(outcome, await runChaos(patterns, interruption.signal));
  const interrupted = interruption.exitCode();
  if (interrupted !== undefined) return interrupted;
  console.log(`\n${summary(outcome)}`);
  return outcome.failed === 0 && outcome.passed > 0 ? 0 : 1;
}
