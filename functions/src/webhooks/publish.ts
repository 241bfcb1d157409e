import type { Timestamp } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import type { TaskEvent } from "../domain/events.ts";
import type { PendingWebhook } from "../tasks/pending-webhook.ts";
import { type DeliveryOrder, deliveryIdOf } from "./delivery.ts";
import type { ApplicationEvent } from "./outgoing-event.ts";
import { matches } from "./webhook.ts";

/**
 * Sends a task's new events on their way: to the task's own callback URL, and to each of its owner's webhooks that wants them.
 * It writes nothing: each delivery has a derived name in the queue, so that a second run adds none, and its document is made by
 * its first attempt.
 */
export async function publishTaskEvents(
  deps: Deps,
  correlationId: string,
  task: PendingWebhook,
  previous: PendingWebhook | undefined,
): Promise<void> {
  const known = new Set(previous?.history.map((event) => event.seq));
  const events = task.history.filter((event) => !known.has(event.seq));
  if (events.length === 0) return;
  const hooks = await deps.webhooks.ofOwner(task.ownerId);
  await Promise.all(events.flatMap((event) => deliver(deps, correlationId, task, event, hooks)));
}

function deliver(
  deps: Deps,
  correlationId: string,
  task: PendingWebhook,
  event: TaskEvent<Timestamp>,
  hooks: Awaited<ReturnType<Deps["webhooks"]["ofOwner"]>>,
): Promise<void>[] {
  const source = { task: correlationId, seq: event.seq };
  const wanted = hooks.filter((webhook) => matches(webhook.events, event.type)).map((webhook) => webhook.id);
  const targets = task.callbackUrl === null ? wanted : [null, ...wanted];
  return targets.map((webhookId) => enqueueAttempt(deps, { source, webhookId, attempt: 1 }, deps.now()));
}

/** Sends an event of the application to each of its owner's webhooks that wants it. */
export async function publishApplicationEvent(deps: Deps, event: ApplicationEvent): Promise<void> {
  const hooks = await deps.webhooks.ofOwner(event.ownerId);
  const wanted = hooks.filter((webhook) => webhook.id !== event.except && matches(webhook.events, event.type));
  const source = { event: event.id };
  await Promise.all(wanted.map(({ id }) => enqueueAttempt(deps, { source, webhookId: id, attempt: 1 }, deps.now())));
}

/**
 * Queues one attempt. The name is derived, so the same attempt is queued once; `again` tells a further order for the same
 * attempt (a rescue, a wait) from the first. `runAt` is in milliseconds since 1970.
 */
export async function enqueueAttempt(deps: Deps, order: DeliveryOrder, runAt: number, again = ""): Promise<void> {
  await deps.enqueue({
    queue: "deliverWebhook",
    id: `${deliveryIdOf(order)}-${order.attempt}${again}`,
    data: { deliver: order },
    runAt,
  });
}
