import type { Deps } from "../../src/deps.ts";
import { BoomerangError } from "../../src/domain/errors.ts";
import type { QueuedTask } from "../../src/platform/queue.ts";
import { carryOut } from "../../src/webhooks/carry-out.ts";
import type { DeliveryOrder } from "../../src/webhooks/delivery.ts";
import type { TestDeps } from "./test-deps.ts";

const broughtTo = new WeakMap<TestDeps, Set<QueuedTask>>();

/** What waits in the delivery queue, by when it is due. What was carried out leaves it, but its name stays taken. */
export function waiting(deps: TestDeps): QueuedTask[] {
  const all = deps.queued.filter((task) => task.queue === "deliverWebhook" && !carriedOut(deps).has(task));
  return all.sort((a, b) => a.runAt - b.runAt);
}

/** The orders for attempts that wait. */
export function deliveryOrders(deps: TestDeps): DeliveryOrder[] {
  return waiting(deps).flatMap(({ data }) => ("deliver" in data ? [data.deliver as DeliveryOrder] : []));
}

/** Carries one order out, on `worker` where that is another instance. What it throws keeps it in the queue. */
export async function bring(deps: TestDeps, task: QueuedTask, worker: Deps = deps): Promise<void> {
  // As the queue keeps it: JSON.
  await carryOut(worker, JSON.parse(JSON.stringify(task.data)));
  carriedOut(deps).add(task);
}

/** Brings what is due now, and what becomes due by that. Orders that came too early stay. Gives how many were carried out. */
export async function bringDue(deps: TestDeps): Promise<number> {
  const early = new Set<QueuedTask>();
  let count = 0;
  for (;;) {
    const due = waiting(deps).filter((task) => task.runAt <= deps.now() && !early.has(task));
    if (due.length === 0) return count;
    await Promise.all(
      due.map(async (task) => {
        try {
          await bring(deps, task);
          count += 1;
        } catch (error) {
          if (!isTooEarly(error)) throw error;
          early.add(task);
        }
      }),
    );
  }
}

/** Sets the clock to when the next order is due, and brings it; until the queue is empty. Gives how long that took, in milliseconds. */
export async function bringAll(deps: TestDeps): Promise<number> {
  const start = deps.now();
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const [next] = waiting(deps);
    if (next === undefined) return deps.now() - start;
    advanceTo(deps, next.runAt);
    await bringDue(deps);
  }
  throw new Error(`the queue never gets empty: ${waiting(deps).map(({ id }) => id)}`);
}

/** Sets the clock to that moment, if it is not past it. */
export function advanceTo(deps: TestDeps, ms: number): void {
  deps.advance(Math.max(0, ms - deps.now()));
}

/** Whether an order is to be brought again, as it came before its time. */
export function isTooEarly(error: unknown): boolean {
  return error instanceof BoomerangError && error.code === "too_early" && error.retryable;
}

function carriedOut(deps: TestDeps): Set<QueuedTask> {
  const known = broughtTo.get(deps) ?? new Set();
  broughtTo.set(deps, known);
  return known;
}
