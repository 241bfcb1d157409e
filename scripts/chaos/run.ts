import { setTimeout as sleep } from "node:timers/promises";
import { type Evidence, gatherEvidence } from "./audit/evidence.ts";
import { diceOf } from "./dice.ts";
import { pauseFirestore } from "./firestore.ts";
import { comeToRest, openTasks } from "./rest.ts";
import type { WriteLog } from "./run-log.ts";
import { keepSweeping } from "./sweeper.ts";
import { type World, withWorld } from "./world.ts";

/** What of a run is not in the evidence: how much went wrong, and how long it took. */
export interface RunFigures {
  readonly pauses: readonly number[];
  readonly sweeps: { readonly done: number; readonly failed: number };
  readonly seconds: { readonly underFire: number; readonly toRest: number };
}

export interface Run {
  readonly world: World;
  readonly evidence: Evidence;
  readonly figures: RunFigures;
}

/** After the last submission the adversary goes on until no more than this share of the tasks is open, or the time is over. */
const openShare = 0.1;
const aftermathMs = 20_000;
/** Where more than this is due to be brought, the application waits: the run is about faults, not about load. */
const backlog = 40;
const eventEvery = 5;

/** One run: all tasks under fire, then quiet until nothing moves any more, then everything is read. `tell` hears how it goes. */
export async function run(
  options: { readonly seed: number; readonly tasks: number },
  log: WriteLog,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<Run> {
  return await withWorld(options, log, signal, async (world) => {
    tell(`Everything is up. ${options.tasks} tasks under fire …`);
    const startedAt = performance.now();
    const ended = new AbortController();
    const sweeping = keepSweeping(world.fleet, AbortSignal.any([signal, ended.signal]));
    world.adversary.wake();
    const pausing = pauseNowAndThen(world, signal);
    try {
      await submitAll(world, signal);
      await untilMostAreOver(world, signal);
    } finally {
      world.adversary.rest();
    }
    const pauses = await pausing;
    const restingAt = performance.now();
    tell(`The adversary rests after ${seconds(restingAt - startedAt)} s. Waiting until nothing moves any more …`);
    const unrest = await comeToRest(world, signal);
    ended.abort();
    const toRest = seconds(performance.now() - restingAt);
    const evidence = await gatherEvidence(world, unrest);
    const figures = { pauses, sweeps: await sweeping, seconds: { underFire: seconds(restingAt - startedAt), toRest } };
    return { world, evidence, figures };
  });
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

async function submitAll({ seed, plans, application, courier }: World, signal: AbortSignal): Promise<void> {
  const pace = diceOf(seed, "pace");
  const submitted: Promise<void>[] = [];
  for (const plan of plans) {
    await sleep(pace.between(0, 150), undefined, { signal });
    while (courier.due() > backlog) await sleep(50, undefined, { signal });
    submitted.push(application.submit(plan));
    if (plan.n % eventEvery === 0) submitted.push(application.publish(plan.owner, `order-${plan.n}`));
  }
  await Promise.race([Promise.all(submitted), aborted(signal)]);
}

async function untilMostAreOver(world: World, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + aftermathMs;
  const few = world.plans.length * openShare;
  do await sleep(500, undefined, { signal });
  while (performance.now() < deadline && (await openTasks(world)).length > few);
}

/** Pauses the database as long as the adversary is awake; gives how long each time, in milliseconds. */
async function pauseNowAndThen({ adversary, firestore }: World, signal: AbortSignal): Promise<number[]> {
  const pauses: number[] = [];
  for (let n = 1; ; n += 1) {
    const { afterMs, forMs } = adversary.pause(n);
    for (const until = performance.now() + afterMs; performance.now() < until; ) {
      if (!adversary.active() || signal.aborted) return pauses;
      await sleep(100);
    }
    await pauseFirestore(firestore, forMs);
    pauses.push(forMs);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
