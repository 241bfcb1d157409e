/** When a failed outbound call is tried again. */
export interface RetryPolicy {
  /** How many times after the first attempt; 0 means never. */
  readonly maxRetries: number;
  /** Seconds before the first retry; each later one waits twice as long. */
  readonly delaySeconds: number;
}

/** Cloud Tasks schedules nothing later than 30 days ahead. */
const maxDelaySeconds = 30 * 24 * 3_600;

/** Statuses after which trying again may help: RFC 9110 (408, 425 of RFC 8470, 429 of RFC 6585, 5xx). */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status < 600);
}

/**
 * Milliseconds to wait before the next attempt, or undefined when there is none left.
 * @param attempt the number of the attempt that just failed, from 1.
 * @param retryAfterMs what the other side asked for, if it did; the longer of the two counts.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, retryAfterMs?: number): number | undefined {
  if (attempt > policy.maxRetries) return undefined;
  const backoff = policy.delaySeconds * 2 ** (attempt - 1) * 1_000;
  return Math.min(Math.max(backoff, retryAfterMs ?? 0), maxDelaySeconds * 1_000);
}

/** The three forms of an HTTP date (RFC 9110, 5.6.7). The last names no zone and means GMT. */
const httpDates = [
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or an HTTP date), at most 30 days;
 * undefined if unusable. `now` is in milliseconds since 1970.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const limit = maxDelaySeconds * 1_000;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, limit);
  // Date.parse alone reads much that is not an HTTP date.
  if (!httpDates.some((form) => form.test(text))) return undefined;
  const date = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), limit);
}
