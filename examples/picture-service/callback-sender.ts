import { setTimeout as wait } from "node:timers/promises";

/** Waits so many milliseconds, or rejects as soon as the signal aborts. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export const sleep: Sleep = async (milliseconds, signal) => {
  await wait(milliseconds, undefined, { signal });
};

/** What came of one attempt to deliver a callback. */
export interface CallbackAttempt {
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Absent when no answer came. */
  readonly status?: number;
  /** The first kilobyte of the answer. */
  readonly answer?: string;
  readonly error?: string;
}

interface SendOptions {
  /** Attempts in all; 1 sends once and never again. */
  readonly attempts: number;
  readonly signal: AbortSignal;
  readonly sleep: Sleep;
  readonly onAttempt?: (attempt: CallbackAttempt) => void;
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;
const TIMEOUT_MS = 30_000;

/**
 * POSTs `body` as JSON until the receiver has answered for good: 2xx means taken, 3xx and 4xx mean refused.
 * Only silence and 5xx are tried again, after 1, 2, 4 … 30 seconds, or after as long as `Retry-After` asks.
 * Returns the last attempt; never throws for what the receiver does.
 */
export async function sendCallback(
  url: string,
  body: CallbackAttempt["body"],
  options: SendOptions,
): Promise<CallbackAttempt> {
  for (let attempt = 1; ; attempt++) {
    const { outcome, retryAfter } = await post(url, body, options.signal);
    options.onAttempt?.(outcome);
    const final = outcome.status !== undefined && outcome.status < 500;
    if (final || attempt >= options.attempts || options.signal.aborted) return outcome;
    await options.sleep(retryAfter ?? Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS), options.signal);
  }
}

async function post(
  url: string,
  body: CallbackAttempt["body"],
  signal: AbortSignal,
): Promise<{ outcome: CallbackAttempt; retryAfter?: number }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const answer = (await response.text()).slice(0, 1024);
    const retryAfter = delayFrom(response.headers.get("retry-after"));
    return {
      outcome: { url, body, status: response.status, answer },
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { outcome: { url, body, error: cause instanceof Error ? cause.message : String(cause) } };
  }
}

/** Milliseconds from a `Retry-After` header in either of its forms, seconds or a date (RFC 9110 section 10.2.3). */
function delayFrom(header: string | null): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), 10 * 60_000);
}
