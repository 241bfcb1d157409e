import { setTimeout as sleep } from "node:timers/promises";
import type { Bringing, FunctionName } from "./adversary.ts";
import type { Fleet } from "./fleet.ts";
import type { FunctionRequest } from "./function-instance.ts";

/** Something that a function must get at least once. */
export interface Errand {
  readonly to: FunctionName;
  readonly request: FunctionRequest;
  readonly bringing: Bringing;
  /** Not before then; milliseconds since 1970. */
  readonly notBefore: number;
  /** What it is about. Errands that ask for the same thing have the same subject. */
  readonly subject: string;
}

/** Brings errands until the function says 2xx, and now and then once more. */
export interface Courier {
  readonly bring: (errand: Errand) => void;
  /** How many errands are not done yet. */
  readonly outstanding: () => number;
  /** How many of them are due. */
  readonly due: () => number;
  /** What is not done yet, for whoever waits in vain. */
  readonly waiting: () => string[];
  /**
   * How often a function was asked for this before it had ever said that it was done: each of these may have done it, and
   * none that came later.
   */
  readonly honestAttempts: (subject: string) => number;
  readonly figures: { brought: number; again: number; failed: number };
}

/** Requests that one function gets at a time. */
const atOnce = 12;
const answerWithinMs = 60_000;
const firstBackoffMs = 150;
const maxBackoffMs = 2_000;

export function createCourier(fleet: () => Fleet): Courier {
  const figures = { brought: 0, again: 0, failed: 0 };
  const open = new Set<Errand>();
  const known = new Map<string, { done: boolean; honest: number }>();
  const gates = new Map<FunctionName, ReturnType<typeof createGate>>();

  const once = async ({ to, request, subject }: Errand): Promise<boolean> => {
    const seen = known.get(subject) ?? { done: false, honest: 0 };
    known.set(subject, seen);
    if (!seen.done) seen.honest += 1;
    const late = sleep(answerWithinMs, undefined, { ref: false });
    const answer = await Promise.race([
      fleet()
        .call(to, request)
        .catch(() => undefined),
      late,
    ]);
    const ok = answer !== undefined && answer.status >= 200 && answer.status < 300;
    if (ok) seen.done = true;
    else figures.failed += 1;
    return ok;
  };

  const untilDone = async (errand: Errand) => {
    const gate = gates.get(errand.to) ?? createGate(atOnce);
    gates.set(errand.to, gate);
    for (let round = 0; !(await gate(() => once(errand))); round += 1) {
      await sleep(Math.min(firstBackoffMs * 2 ** round, maxBackoffMs));
    }
  };

  const carry = async (errand: Errand) => {
    open.add(errand);
    const { delayMs, againAfterMs } = errand.bringing;
    await sleep(Math.max(0, errand.notBefore - Date.now()) + delayMs);
    figures.brought += 1;
    const repetition = async (afterMs: number) => {
      await sleep(afterMs);
      figures.again += 1;
      await untilDone(errand);
    };
    // Side by side when it comes again at once: two processes' worth of work on one thing.
    const again = againAfterMs === 0 ? repetition(0) : undefined;
    await untilDone(errand);
    await (again ?? (againAfterMs === null ? undefined : repetition(againAfterMs)));
    open.delete(errand);
  };

  return {
    bring: (errand) => void carry(errand),
    outstanding: () => open.size,
    due: () => [...open].filter(({ notBefore }) => notBefore <= Date.now()).length,
    waiting: () => [...open].map(({ to, subject }) => `${to}: ${subject}`),
    honestAttempts: (subject) => known.get(subject)?.honest ?? 0,
    figures,
  };
}

/** Lets `limit` pieces of work run at a time; the others wait in their order. */
function createGate(limit: number) {
  let free = limit;
  const queue: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free === 0) await new Promise<void>((resolve) => queue.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
