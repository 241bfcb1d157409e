import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { audit } from "../chaos/audit/audit.ts";
import { describeFigures } from "../chaos/figures.ts";
import { describeFindings, describeVerdict } from "../chaos/report.ts";
import { run } from "../chaos/run.ts";
import { openLog } from "../chaos/run-log.ts";
import { buildFunctions } from "../stack/build.ts";
import { FriendlyError } from "../stack/friendly-error.ts";
import { listenForInterruption } from "../stack/interruption.ts";

const presetTasks = 150;
const maxTasks = 5_000;
const maxSeed = 2 ** 31;

/**
 * `npm run chaos [-- --seed N --tasks N]`: the loop with an adversary, and an audit afterwards.
 * @returns 0 where every invariant holds, else 1.
 */
export async function chaos(args: string[]): Promise<number> {
  const { seed = randomInt(maxSeed), tasks = presetTasks } = readOptions(args);
  const interruption = listenForInterruption();
  console.log(`Chaos with seed ${seed}.`);
  const log = openLog();
  try {
    await buildFunctions(interruption.signal);
    const done = await run({ seed, tasks }, log.write, (text) => console.log(text), interruption.signal);
    const findings = audit(done.evidence);
    const violated = findings.filter(({ offenders }) => offenders.length > 0).length;
    console.log(`\nWhat happened\n${describeFigures(done)}\n\nWhat must hold\n${describeFindings(findings)}\n`);
    console.log(describeVerdict(violated, seed, tasks));
    return violated === 0 ? 0 : 1;
  } catch (error) {
    const code = interruption.exitCode();
    if (code === undefined || error instanceof FriendlyError) throw error;
    return code;
  } finally {
    await log.close();
  }
}

function readOptions(args: string[]): { seed?: number; tasks?: number } {
  try {
    const { values } = parseArgs({ args, options: { seed: { type: "string" }, tasks: { type: "string" } } });
    return {
      ...(values.seed === undefined ? {} : { seed: wholeNumber("--seed", values.seed, 0, maxSeed) }),
      ...(values.tasks === undefined ? {} : { tasks: wholeNumber("--tasks", values.tasks, 1, maxTasks) }),
    };
  } catch (error) {
    if (error instanceof FriendlyError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new FriendlyError(`${message}\nUsage: npm run chaos -- --seed NUMBER --tasks NUMBER`, 2);
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new FriendlyError(`${name} is "${text}", but must be a whole number from ${min} to ${max}.`, 2);
}
