import type { Deps } from "../../src/deps.ts";
import type { QueuedTask } from "../../src/platform/queue.ts";
import { deliveries } from "../../src/webhooks/delivery.ts";
import { rescueAfterMs, rescueDeliveries } from "../../src/webhooks/requeue.ts";
import { createFindWebhooks } from "../../src/webhooks/webhook.ts";
import type { Process } from "./crashing-deps.ts";
import { advanceTo, bring, isTooEarly, waiting } from "./delivery-queue.ts";
import type { TestDeps } from "./test-deps.ts";

/**
 * When the queue brings an order again whose process crashed: with its shortest backoff; or only after its deadline, when what
 * is due by then has come before it; or not at all, but for first attempts, which nothing else knows of.
 */
export type Redelivery = "at once" | "late" | "lost after the first attempt";

interface DeliveryLife {
  readonly deps: TestDeps;
  readonly start: () => Process;
  /** What begins it all: a trigger, which is run again until it succeeds. */
  readonly first?: (worker: Deps) => Promise<void>;
  readonly redelivery: Redelivery;
  /** Leaves the deliveries that a replay has put into the queue there. */
  readonly replaysOnly?: boolean;
}

const dispatchDeadlineMs = 370_000;
/** As the queue is configured: from 1 s, doubled with each refusal, to 1 min. */
const backoffMs = (refusals: number) => Math.min(1_000 * 2 ** refusals, 60_000);
/** The queue gives up an order that it has brought so often. */
const maxRefusals = 100;

/**
 * Does what production does until nothing is left to do: brings orders when they are due, and again where they are refused or
 * where their process crashed; then lets the sweep look for what got lost. Nobody else may have open deliveries in its database. Throws what is no crash and no refusal.
 */
export async function outliveQueue({ deps, start, first, redelivery, replaysOnly }: DeliveryLife): Promise<void> {
  const dueAgain = new Map<QueuedTask, number>();
  const refusals = new Map<QueuedTask, number>();
  const given = new Set<QueuedTask>();

  const carryOut = async (job: (worker: Deps) => Promise<void>): Promise<"done" | "crashed" | "early"> => {
    const process = start();
    const worker = { ...process.deps, webhooks: createFindWebhooks(process.deps.db, deps.now) };
    try {
      await job(worker);
      return process.crashed ? "crashed" : "done";
    } catch (error) {
      if (process.struck) return "crashed";
      if (isTooEarly(error)) return "early";
      throw error;
    }
  };

  const carryOutNext = async (task: QueuedTask): Promise<void> => {
    const outcome = await carryOut((worker) => bring(deps, task, worker));
    if (outcome === "done") return;
    if (outcome === "crashed" && redelivery.startsWith("lost") && !task.id.endsWith("-1")) given.add(task);
    const refused = refusals.get(task) ?? 0;
    refusals.set(task, refused + 1);
    if (refused >= maxRefusals) given.add(task);
    const again = outcome === "crashed" && redelivery === "late" ? dispatchDeadlineMs : backoffMs(refused);
    dueAgain.set(task, deps.now() + again);
  };

  while (first !== undefined && (await carryOut(first)) !== "done");
  for (;;) {
    for (;;) {
      const dueAt = (task: QueuedTask) => dueAgain.get(task) ?? task.runAt;
      const [next] = waiting(deps)
        .filter((task) => !given.has(task) && (replaysOnly !== true || "replay" in task.data))
        .sort((a, b) => dueAt(a) - dueAt(b));
      if (next === undefined) break;
      advanceTo(deps, dueAt(next));
      await carryOutNext(next);
    }
    if (replaysOnly || (await deliveries(deps.db).where("sweepAt", ">=", 0).get()).empty) return;
    deps.advance(rescueAfterMs + 1_000);
    await carryOut(async (worker) => void (await rescueDeliveries(worker, deps.now() + 60_000)));
  }
}
