import { cpus } from "node:os";
import { type Goal, isReached, type Row, type SectionResult } from "./section.ts";

/** The section as a person reads it. */
export function describe(title: string, { rows, goals, notes = [] }: SectionResult): string {
  const parts = [`\n${title}\n`, table(rows)];
  if (goals.length > 0) parts.push("", ...goals.map(goalLine));
  if (notes.length > 0) parts.push("", ...notes.map((note) => `  ${note}`));
  return parts.join("\n");
}

function goalLine(goal: Goal): string {
  const { what, at, wanted, reached } = goal;
  return `  ${isReached(goal) ? "reached" : "MISSED "}  ${what}: ${readable(reached)} (goal: at ${at} ${readable(wanted)})`;
}

function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [names, ...rows.map((row) => names.map((name) => readable(row[name] ?? "")))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const isText = names.map((name) => rows.some((row) => typeof row[name] === "string"));
  const pad = (text: string, column: number) =>
    isText[column] ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return lines.map((line) => `  ${line.map(pad).join("  ")}`.trimEnd()).join("\n");
}

/** Three digits that count, but none behind the point of what is larger. */
function readable(value: string | number): string {
  if (typeof value === "string") return value;
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

/** What the figures were measured on. */
export function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    node: process.versions.node,
    platform: process.platform,
  };
}
