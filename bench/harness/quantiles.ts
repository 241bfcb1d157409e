import type { LoadReport } from "./load.ts";

/** What so many requests, each of which took so long, come to. */
export function reportOf(
  durationsMs: readonly number[],
  seconds: number,
  statuses: LoadReport["statuses"],
): LoadReport {
  const sorted = Float64Array.from(durationsMs).sort();
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { seconds, perSecond: sorted.length / seconds, p50Ms: quantile(0.5), p99Ms: quantile(0.99), statuses };
}
