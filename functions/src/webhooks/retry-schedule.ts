import { createHash } from "node:crypto";
import type { RetrySchedule } from "../formats/format.ts";

/** Cloud Tasks schedules nothing later than 30 days ahead by its own clock. */
const maxDelayMs = 29 * 24 * 3_600_000;

/**
 * Milliseconds to wait after a failed attempt, or undefined when none is left.
 * @param failed how many attempts have failed in this round, from 1.
 * @param retries how many retries there are; undefined means the schedule's own.
 * @param retryAfterMs what the subscriber asked for; the longer of the two counts, up to 29 days.
 * @param seed the jitter is derived from it: the same attempt always waits equally long.
 */
export function deliveryDelayMs(
  schedule: RetrySchedule,
  failed: number,
  retries: number | undefined,
  retryAfterMs: number | undefined,
  seed: string,
): number | undefined {
  const { delaysSeconds, capSeconds, jitter } = schedule;
  if (failed > (retries ?? delaysSeconds.length)) return undefined;
  const last = delaysSeconds.at(-1) ?? 1;
  const delay = delaysSeconds[failed - 1] ?? Math.min(capSeconds, last * 2 ** (failed - delaysSeconds.length));
  const share = createHash("sha256").update(`${seed} ${failed}`).digest().readUInt32BE(0) / 2 ** 32;
  const backoff = Math.round(delay * (1 + jitter * share) * 1_000);
  return Math.min(Math.max(backoff, retryAfterMs ?? 0), maxDelayMs);
}
