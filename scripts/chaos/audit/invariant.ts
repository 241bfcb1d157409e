import type { Evidence } from "./evidence.ts";

/** Something that must hold, whatever went wrong during the run. */
export interface Invariant {
  /** As a sentence. */
  readonly name: string;
  /** Who offends against it, and how; empty where it holds. */
  readonly check: (evidence: Evidence) => string[];
}

/** The values that are there more than once. */
export function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(values.filter((value) => seen.size === seen.add(value).size))];
}

/** What of `part` is not in `whole`, each counted as often as it is there. */
export function beyond(part: readonly unknown[], whole: readonly unknown[]): unknown[] {
  const left = [...whole];
  return part.filter((value) => {
    const index = left.indexOf(value);
    if (index === -1) return true;
    left.splice(index, 1);
    return false;
  });
}
