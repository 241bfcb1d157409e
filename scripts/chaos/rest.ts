import { setTimeout as sleep } from "node:timers/promises";
import type { World } from "./world.ts";

/** A limit for what never comes to rest, not a measure: a subscriber's last retry, and a machine that is busy, fit in. */
const restWithinMs = 120_000;
const stillForMs = 1_500;
/** A task that is open while nobody works on it, nor will, is stuck. */
const stuckAfterMs = 20_000;

/**
 * Waits until nothing moves any more: no event, order or callback is under way, and no task is open. Gives what still did when
 * the time was over.
 */
export async function comeToRest(world: World, signal: AbortSignal): Promise<string[]> {
  const deadline = performance.now() + restWithinMs;
  let stillSince = performance.now();
  let before = "";
  while (performance.now() < deadline) {
    await sleep(250, undefined, { signal });
    const { relay, courier, queue, service, subscribers } = world;
    const moved = JSON.stringify([relay.received(), courier.figures, queue.figures, subscribers.receipts.length]);
    const busy = courier.outstanding() > 0 || service.outstanding() > 0;
    if (busy || moved !== before) {
      before = moved;
      stillSince = performance.now();
    }
    const stillMs = performance.now() - stillSince;
    if (stillMs >= stillForMs && (await openTasks(world)).length === 0) return [];
    if (stillMs >= stuckAfterMs) break;
  }
  const callbacks = world.service.callbacks.filter(({ status }) => status === undefined);
  return [
    ...world.courier.waiting(),
    ...callbacks.map(({ n, label }) => `callback ${label} of task ${n} got no answer`),
    ...(await openTasks(world)).map((id) => `task ${id} is open`),
  ];
}

/** The tasks that have no outcome yet. */
export async function openTasks({ db }: Pick<World, "db">): Promise<string[]> {
  const { docs } = await db
    .collection("pendingWebhooks")
    .where("status", "in", ["pending", "initiated"])
    .select()
    .get();
  return docs.map(({ id }) => id);
}
