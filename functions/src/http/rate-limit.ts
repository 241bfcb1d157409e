import type { Deps } from "../deps.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { timestamp } from "../platform/firestore.ts";

/** Counts a request of that caller. Throws `too_many_requests` (429), with `Retry-After`, beyond the limit. */
export type CountRequest = (caller: string) => Promise<void>;

const windowMs = 60_000;
const maxCounters = 10_000;
/** An instance asks for requests by this share of the limit at a time. */
const shares = 20;
const keptMs = 24 * 3_600_000;

interface Counter {
  readonly window: number;
  /** How many more requests this instance may serve before it asks. */
  left: number;
  /** How many it served, or may serve, without having asked. */
  uncounted: number;
  exhausted: boolean;
  asking: Promise<void> | undefined;
}

/**
 * The limit of each caller's requests in a minute, over all instances. An instance serves a twentieth of the limit without asking,
 * so that ordinary traffic costs no read and no write; from then on it takes further twentieths from `rateLimits/{caller}` until
 * there are none left. So the limit can be exceeded by one twentieth for each instance, at most.
 */
export function createRateLimit({ db, config, now, log }: Pick<Deps, "db" | "config" | "now" | "log">): CountRequest {
  const limit = config.requestsPerMinute;
  const share = Math.max(1, Math.floor(limit / shares));
  const counters = new Map<string, Counter>();

  function counterOf(caller: string): Counter {
    const window = Math.floor(now() / windowMs);
    const known = counters.get(caller);
    if (known?.window === window) return known;
    if (counters.size >= maxCounters) counters.clear();
    const counter = { window, left: share, uncounted: share, exhausted: false, asking: undefined };
    counters.set(caller, counter);
    return counter;
  }

  async function ask(caller: string, counter: Counter): Promise<void> {
    try {
      const granted = await take(caller, counter);
      counter.uncounted = 0;
      counter.left += granted;
      counter.exhausted = granted === 0;
    } catch (error) {
      // A limit that cannot be counted must not stop the work. What is served meanwhile counts as soon as it can.
      log.warn("api: requests cannot be counted", { reason: messageOf(error) });
      counter.left += share;
      counter.uncounted += share;
    } finally {
      counter.asking = undefined;
    }
  }

  async function take(caller: string, { window, uncounted }: Counter): Promise<number> {
    // Encoded: a user's id may hold a slash.
    const ref = db.collection("rateLimits").doc(encodeURIComponent(caller));
    return await db.runTransaction(async (transaction) => {
      const stored = (await transaction.get(ref)).data();
      // Another instance's clock may be in the next window already, whose count must not be lost.
      const counted = stored?.window === window + 1 ? window + 1 : window;
      const before = (stored?.window === counted ? stored.used : 0) + uncounted;
      const granted = Math.min(share, Math.max(0, limit - before));
      transaction.set(ref, { window: counted, used: before + granted, purgeAt: timestamp(now() + keptMs) });
      return granted;
    });
  }

  return async (caller) => {
    let counter = counterOf(caller);
    while (counter.left === 0) {
      if (counter.exhausted) throw tooMany(limit, (counter.window + 1) * windowMs - now());
      counter.asking ??= ask(caller, counter);
      await counter.asking;
      // The next window may have begun meanwhile.
      counter = counterOf(caller);
    }
    counter.left -= 1;
  };
}

function tooMany(limit: number, waitMs: number): BoomerangError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const message = `More than ${limit} requests in a minute. Try again in ${seconds} s.`;
  const headers = { "Retry-After": String(seconds) };
  return new BoomerangError("too_many_requests", message, { status: 429, retryable: true, headers });
}
