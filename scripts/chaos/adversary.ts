import { diceOf } from "./dice.ts";

/** The deployed functions, each in a process of its own. */
export const functionNames = [
  "api",
  "startTask",
  "onPendingWebhook",
  "onEvent",
  "dispatchTask",
  "webhookCallback",
  "deliverWebhook",
  "expirePendingWebhooks",
] as const;
export type FunctionName = (typeof functionNames)[number];

/** How one process of a function ends: some time after a request has reached it, and with every request that is under way. */
export interface Ending {
  /** So many it has answered before: one that always ended during its first request would never get anything done. */
  readonly afterAnswers: number;
  readonly afterMs: number;
  /**
   * Null: SIGKILL. Else it freezes (SIGSTOP) for so many milliseconds, in which another process takes its place, then comes
   * back to finish what nobody waits for any more.
   */
  readonly stallMs: number | null;
}

/** When an event or an order is brought, and brought again. Milliseconds. */
export interface Bringing {
  readonly delayMs: number;
  /** After the first success; null: not again. */
  readonly againAfterMs: number | null;
}

/** What everything that can go wrong asks before it does. Nothing goes wrong before `wake`, nor after `rest`. */
export interface Adversary {
  readonly active: () => boolean;
  readonly wake: () => void;
  readonly rest: () => void;
  /** How the process of that generation (from 1) ends; undefined for one that lives. */
  readonly endingOf: (name: FunctionName, generation: number) => Ending | undefined;
  /** `subject` names the document, `ordinal` counts its events. */
  readonly eventBringing: (subject: string, ordinal: number) => Bringing;
  readonly orderBringing: (order: string) => Bringing;
  /** What becomes of the first attempt at queueing that order. */
  readonly queueing: (order: string) => "works" | "refused" | "answer lost";
  /** The `n`-th (from 1) pause of the database: after how long a time without one, and for how long. Milliseconds. */
  readonly pause: (n: number) => { readonly afterMs: number; readonly forMs: number };
}

/** After how many answers a process ends, from and to; by how busy the function is. */
const lifetimes: Readonly<Record<FunctionName, readonly [number, number]>> = {
  api: [4, 20],
  startTask: [3, 10],
  onPendingWebhook: [5, 40],
  onEvent: [2, 8],
  dispatchTask: [4, 20],
  webhookCallback: [4, 25],
  deliverWebhook: [6, 50],
  expirePendingWebhooks: [2, 5],
};
/** The first of each ends early, so that even a short run sees each of them end. */
const firstLifetime = [2, 6] as const;

/** The adversary of that seed. */
export function createAdversary(seed: number): Adversary {
  let active = false;
  return {
    active: () => active,
    wake: () => {
      active = true;
    },
    rest: () => {
      active = false;
    },
    endingOf(name, generation) {
      if (!active) return undefined;
      const dice = diceOf(seed, "process", name, generation);
      const [min, max] = generation === 1 ? firstLifetime : lifetimes[name];
      const afterMs = dice.pick([0, 2, 5, dice.between(5, 30), dice.between(10, 120)]);
      return {
        afterAnswers: dice.between(min, max),
        afterMs,
        stallMs: dice.chance(0.2) ? dice.between(1_500, 4_000) : null,
      };
    },
    eventBringing: (subject, ordinal) => bringing(active, seed, "event", subject, ordinal),
    orderBringing: (order) => bringing(active, seed, "order", order),
    queueing(order) {
      if (!active) return "works";
      return diceOf(seed, "queueing", order).weigh({ works: 90, refused: 6, "answer lost": 4 });
    },
    pause(n) {
      const dice = diceOf(seed, "pause", n);
      return {
        afterMs: n === 1 ? dice.between(2_000, 4_000) : dice.between(8_000, 20_000),
        forMs: dice.between(1_000, 5_000),
      };
    },
  };
}

function bringing(active: boolean, ...names: readonly (string | number)[]): Bringing {
  if (!active) return { delayMs: 0, againAfterMs: null };
  const dice = diceOf(...names);
  const delayMs = dice.chance(0.25) ? dice.between(50, 1_500) : 0;
  return { delayMs, againAfterMs: dice.chance(0.15) ? dice.pick([0, 0, 200, dice.between(0, 3_000)]) : null };
}
