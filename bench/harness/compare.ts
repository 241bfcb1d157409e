import type { LoadReport } from "./load.ts";
import type { Row } from "./section.ts";

/** One of those that are compared. */
export interface Contestant {
  readonly name: string;
  /** One round: new work of the same kind and amount each time. */
  run(): Promise<LoadReport>;
}

const allFigures = ["perSecond", "p50Ms", "p99Ms", "cpuMs", "emulatorCpuMs", "outsideCpuMs"] as const;
type Figure = (typeof allFigures)[number];

export interface Comparison {
  /** The medians of all rounds: one line for each contestant. */
  readonly rows: readonly Row[];
  /** The median of one contestant's rounds. */
  of(figure: Figure, name: string): number;
  /** How many times as large a figure of `name` is as that of `reference`: the median of the rounds' ratios. */
  ratio(figure: Figure, name: string, reference: string): number;
}

/**
 * Lets the contestants take turns, so that whatever else goes on in the machine hits all of them. One round first that does not
 * count; each further round begins with another one.
 */
export async function compare(
  contestants: readonly Contestant[],
  concurrency: number,
  rounds: number,
): Promise<Comparison> {
  const reports = new Map(contestants.map(({ name }) => [name, [] as LoadReport[]]));
  for (const { run } of contestants) await run();
  for (let round = 0; round < rounds; round += 1) {
    const first = round % contestants.length;
    for (const { name, run } of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      reports.get(name)?.push(await run());
    }
  }
  const figures = (name: string, figure: Figure) => (reports.get(name) ?? []).flatMap((report) => report[figure] ?? []);
  return {
    rows: contestants.map(({ name }) => {
      const known = allFigures.filter((figure) => figures(name, figure).some(Number.isFinite));
      return {
        concurrency,
        name,
        ...Object.fromEntries(known.map((figure) => [figure, median(figures(name, figure))])),
      };
    }),
    of: (figure, name) => median(figures(name, figure)),
    ratio(figure, name, reference) {
      const others = figures(reference, figure);
      return median(figures(name, figure).map((value, round) => value / (others[round] ?? Number.NaN)));
    },
  };
}

/** The middle of the values; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
