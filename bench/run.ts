import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FriendlyError } from "../scripts/stack/friendly-error.ts";
import { newestProfile } from "./harness/profile.ts";
import { describe, machine } from "./harness/report.ts";
import { type Effort, isReached, type SectionResult } from "./harness/section.ts";
import { sections } from "./sections.ts";

const file = join(import.meta.dirname, "results.json");

interface Results {
  readonly sections?: Readonly<Record<string, unknown>>;
}

/**
 * Runs the sections of those names, or all, prints what they found and puts it into results.json. A missed goal is a
 * result; what throws is a failure.
 */
export async function runSections(names: readonly string[], effort: Effort, stop: AbortSignal): Promise<void> {
  const known = sections.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new FriendlyError(`There is no section ${unknown.join(", ")}. There are: ${known.join(", ")}.`, 2);
  }
  let [reached, goals] = [0, 0];
  for (const { name, title, run } of sections) {
    if (names.length > 0 && !names.includes(name)) continue;
    stop.throwIfAborted();
    console.log(`\nMeasuring: ${title} …`);
    const startedAt = performance.now();
    const result = await run(effort);
    console.log(describe(title, result));
    keep(name, result, effort, Math.round((performance.now() - startedAt) / 1_000));
    goals += result.goals.length;
    reached += result.goals.filter(isReached).length;
  }
  const { BENCH_PROFILE: profiled } = process.env;
  if (profiled !== undefined) {
    console.log(
      describe(`Where ${profiled} spent its processor time, starting included`, { rows: newestProfile(), goals: [] }),
    );
  }
  console.log(`\n${reached} of ${goals} goals reached. The figures are in bench/results.json.`);
}

/** Replaces one section, so that sections can be measured one by one. */
function keep(name: string, { rows, goals, notes = [] }: SectionResult, effort: Effort, seconds: number): void {
  const section = {
    measuredAt: new Date().toISOString(),
    machine: machine(),
    effort,
    seconds,
    rows: rows.map((row) => mapValues(row, rounded)),
    goals: goals.map((goal) => ({ ...goal, reached: rounded(goal.reached), isReached: isReached(goal) })),
    notes,
  };
  const all = { ...readResults().sections, [name]: section };
  const ordered = Object.fromEntries(
    sections.flatMap((known) => (known.name in all ? [[known.name, all[known.name]]] : [])),
  );
  writeFileSync(file, `${JSON.stringify({ sections: ordered }, undefined, 2)}\n`);
}

function readResults(): Results {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}

function mapValues<Value>(
  object: Readonly<Record<string, Value>>,
  map: (value: Value) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

function rounded<Value>(value: Value): Value {
  return typeof value === "number" ? (Number(value.toPrecision(4)) as Value) : value;
}
