import type { Deps } from "../deps.ts";
import { isFinal } from "../domain/task-state.ts";
import type { PendingWebhook } from "../tasks/pending-webhook.ts";
import { type Delivery, deliveries, deliveryIdOf } from "./delivery.ts";

/** The delivery by which a task's own callback URL hears how it ended; undefined where its first attempt is still to come. */
export async function finalDelivery(deps: Deps, task: PendingWebhook): Promise<Delivery | undefined> {
  const ends = task.history.filter(({ status }) => isFinal(status)).map(({ seq }) => seq);
  if (task.callbackUrl === null || ends.length === 0) return undefined;
  const source = { task: task.correlationId, seq: Math.max(...ends) };
  const snapshot = await deliveries(deps.db)
    .doc(deliveryIdOf({ source, webhookId: null }))
    .get();
  return snapshot.data() as Delivery | undefined;
}
