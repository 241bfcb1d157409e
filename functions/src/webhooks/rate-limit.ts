import type { Deps } from "../deps.ts";
import { timestamp } from "../platform/firestore.ts";
import { deliveries } from "./delivery.ts";

/** Deliveries that a webhook gets in an hour; more wait. */
export const deliveriesPerHour = 1_000;
const hourMs = 3_600_000;
/** How long an instance trusts its count. */
const recountMs = 10_000;
const maxKnown = 1_000;

interface Count {
  readonly countedAt: number;
  /** A promise, so that many at once share one look at the database. */
  readonly found: Promise<number>;
  /** What this instance let through since. */
  passed: number;
}

const counts = new WeakMap<Deps, Map<string, Count>>();

/**
 * When a webhook that has had its share of this hour gets its next delivery, milliseconds since 1970; undefined where it may have
 * one now. Instances count for themselves between two looks at the database, so that the limit costs a read now and then, and may be
 * passed by a few.
 */
export async function hourlyLimitEnds(deps: Deps, webhookId: string): Promise<number | undefined> {
  const now = deps.now();
  const count = countOf(deps, webhookId, now);
  const found = await count.found;
  if (found + count.passed >= deliveriesPerHour) return startOfHour(now) + hourMs;
  count.passed += 1;
  return undefined;
}

function countOf(deps: Deps, webhookId: string, now: number): Count {
  const known = counts.get(deps) ?? new Map<string, Count>();
  counts.set(deps, known);
  const last = known.get(webhookId);
  const since = startOfHour(now);
  if (last !== undefined && now - last.countedAt <= recountMs && startOfHour(last.countedAt) === since) return last;
  const query = deliveries(deps.db).where("webhookId", "==", webhookId).where("completedAt", ">=", timestamp(since));
  const found = query
    .count()
    .get()
    .then((result) => result.data().count);
  const count = { countedAt: now, found, passed: 0 };
  if (known.size >= maxKnown) known.clear();
  known.set(webhookId, count);
  // A failed one is not kept.
  found.catch(() => known.delete(webhookId));
  return count;
}

function startOfHour(ms: number): number {
  return ms - (ms % hourMs);
}
