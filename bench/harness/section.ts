/** How long the whole bench takes: `quick` is for trying it out, its figures are rougher. */
export type Effort = "full" | "quick";

/** One part of the bench: one file beside this folder. */
export interface Section {
  /** As `npm run bench -- NAME` and results.json call it. */
  readonly name: string;
  /** What is measured, in one line. */
  readonly title: string;
  /** Measures. @throws where something broke: a goal that is missed is a result like any other. */
  run(effort: Effort): Promise<SectionResult>;
}

export interface SectionResult {
  /** The table's lines: every value is for a person and for a program, so units are in the names. */
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  /** What has to be known to read the figures. */
  readonly notes?: readonly string[];
}

export type Row = Readonly<Record<string, string | number>>;

/** What was to be reached, and what was. */
export interface Goal {
  readonly what: string;
  readonly wanted: number;
  readonly reached: number;
  /** `least`: more is better. */
  readonly at: "least" | "most";
}

export function isReached({ at, wanted, reached }: Goal): boolean {
  return at === "least" ? reached >= wanted : reached <= wanted;
}
