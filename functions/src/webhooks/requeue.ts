import type { DocumentSnapshot, QueryDocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { failedPrecondition, hasCode, notFound } from "../platform/firestore.ts";
import { sweepShardOf, sweepShards } from "../tasks/sweep-index.ts";
import { type Delivery, type DeliveryOrder, deliveries, isDeliveryId } from "./delivery.ts";
import { enqueueAttempt } from "./publish.ts";

/** An attempt that is overdue by this much has lost its place in the queue. */
export const rescueAfterMs = 10 * 60_000;
const pageSize = 100;
/** A delivery's document keeps all its attempts, and ends at 1 MiB. */
const maxAttempts = 200;

/** The order for a delivery's next attempt. */
export function nextOrder(delivery: Delivery): DeliveryOrder {
  return { source: delivery.source, webhookId: delivery.webhookId, attempt: delivery.attempts.length + 1 };
}

/**
 * Begins a new round of attempts for a delivery that is delivered or dead. The document first: should the queue not be reached,
 * the sweep finds the delivery pending and overdue. `runAt` is in milliseconds since 1970; `again` makes the order's name.
 * Gives false where somebody else began one at the same moment.
 */
export async function beginRound(
  deps: Deps,
  snapshot: DocumentSnapshot,
  runAt: number,
  again: string,
  replayId?: string,
): Promise<boolean> {
  const delivery = snapshot.data() as Delivery | undefined;
  if (delivery === undefined || snapshot.updateTime === undefined) return false;
  if (delivery.attempts.length >= maxAttempts) return false;
  const changes = {
    status: "pending",
    roundStart: delivery.attempts.length,
    nextAttemptAt: runAt,
    completedAt: null,
    sweepShard: sweepShardOf(delivery.id),
    sweepAt: runAt + rescueAfterMs,
    ...(replayId === undefined ? {} : { replayId }),
  };
  try {
    await snapshot.ref.update(changes, { lastUpdateTime: snapshot.updateTime });
  } catch (error) {
    if (hasCode(error, failedPrecondition)) return false;
    throw error;
  }
  await enqueueAttempt(deps, nextOrder(delivery), runAt, again);
  return true;
}

/** Sends one dead delivery again. Throws `delivery_not_found` (404), `delivery_not_dead`, `too_many_attempts` (409). */
export async function retryDelivery(
  deps: Deps,
  viewer: { readonly ownerId: string; readonly admin: boolean },
  id: string,
): Promise<Delivery> {
  const snapshot = isDeliveryId(id) ? await deliveries(deps.db).doc(id).get() : undefined;
  const delivery = snapshot?.data() as Delivery | undefined;
  if (snapshot === undefined || delivery === undefined || !(viewer.admin || delivery.ownerId === viewer.ownerId)) {
    throw new BoomerangError("delivery_not_found", `There is no delivery "${id.slice(0, 100)}".`, { status: 404 });
  }
  if (delivery.status !== "dead") {
    const message = `The delivery is ${delivery.status}; only a dead one is retried.`;
    throw new BoomerangError("delivery_not_dead", message, { status: 409 });
  }
  if (delivery.attempts.length >= maxAttempts) {
    const message = `The delivery was attempted ${delivery.attempts.length} times, and is not attempted any more.`;
    throw new BoomerangError("too_many_attempts", message, { status: 409 });
  }
  await beginRound(deps, snapshot, deps.now(), "-retry");
  return (await snapshot.ref.get()).data() as Delivery;
}

/** Queues attempts that are long overdue once more; part of the schedule. Stops at `deadline` (milliseconds since 1970). */
export async function rescueDeliveries(deps: Deps, deadline: number): Promise<number> {
  const rescued = await rescueUntil(deps, deadline);
  if (rescued > 0) deps.log.warn("sweep: deliveries had lost their place in the queue", { rescued });
  return rescued;
}

async function rescueUntil(deps: Deps, deadline: number): Promise<number> {
  let rescued = 0;
  for (let shard = 0; shard < sweepShards; shard += 1) {
    for (;;) {
      const now = deps.now();
      if (now >= deadline) return rescued;
      const query = deliveries(deps.db).where("sweepShard", "==", shard).where("sweepAt", "<=", now).orderBy("sweepAt");
      const { docs } = await query.limit(pageSize).get();
      await Promise.all(docs.map((snapshot) => rescue(deps, snapshot, now)));
      rescued += docs.length;
      if (docs.length < pageSize) break;
    }
  }
  return rescued;
}

/** The queue first: should the second step not come to pass, both are done again. */
async function rescue(deps: Deps, snapshot: QueryDocumentSnapshot, now: number): Promise<void> {
  const delivery = snapshot.data() as Delivery;
  await enqueueAttempt(deps, nextOrder(delivery), now, `-rescue-${delivery.sweepAt}`);
  try {
    await snapshot.ref.update({ sweepAt: now + rescueAfterMs }, { lastUpdateTime: snapshot.updateTime });
  } catch (error) {
    // It moved meanwhile, and needs no rescue any more.
    if (!hasCode(error, failedPrecondition, notFound)) throw error;
  }
}
