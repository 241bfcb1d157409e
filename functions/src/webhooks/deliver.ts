import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { formatOf } from "../formats/index.ts";
import { timestamp } from "../platform/firestore.ts";
import { notYet, tooEarly } from "../platform/queue.ts";
import { readShared } from "../platform/shared-read.ts";
import { pendingWebhookRef, readPendingWebhook } from "../tasks/pending-webhook.ts";
import { type Delivery, type DeliveryOrder, deliveries, deliveryIdOf, eventIdOf } from "./delivery.ts";
import { type ApplicationEvent, applicationEvent, eventSource, taskEvent } from "./outgoing-event.ts";
import { enqueueAttempt } from "./publish.ts";
import { hourlyLimitEnds } from "./rate-limit.ts";
import { recordDelivery } from "./record-delivery.ts";
import { failedAttempt, sendDelivery } from "./send-delivery.ts";
import type { Webhook } from "./webhook.ts";

/** Clocks of two machines differ by a little. */
const earlyToleranceMs = 250;

/**
 * Makes one attempt at one delivery, and records it. An order that was carried out before does nothing. A crash between the
 * request and its record repeats the request, with the same `webhook-id`.
 * Throws a retryable error where the queue must bring the order again.
 */
export async function deliverWebhook(deps: Deps, order: DeliveryOrder): Promise<void> {
  const now = deps.now();
  const { waitUntil = 0 } = order;
  if (waitUntil > now) throw tooEarly(waitUntil - now);
  const webhook = order.webhookId === null ? undefined : await deps.webhooks.byId(order.webhookId);
  const { delivery, snapshot } = await findOrMake(deps, order, webhook);
  // It was queued before that one was recorded, which a crash may have prevented: then the queue brings that one again, too.
  if (order.attempt > (delivery?.attempts.length ?? 0) + 1)
    throw notYet("The attempt before this is not on record yet.");
  if (delivery === undefined || delivery.status !== "pending" || delivery.attempts.length + 1 !== order.attempt) {
    const fields = { deliveryId: deliveryIdOf(order), attempt: order.attempt, status: delivery?.status };
    deps.log.info("deliver: nothing to do", fields);
    return;
  }
  const dueIn = (delivery.nextAttemptAt ?? 0) - now;
  if (dueIn > earlyToleranceMs) throw tooEarly(dueIn);
  if (webhook?.isActive) {
    const limitEnds = await hourlyLimitEnds(deps, webhook.id);
    if (limitEnds !== undefined) {
      await enqueueAttempt(deps, { ...order, waitUntil: limitEnds }, limitEnds, `-wait-${limitEnds}`);
      const fields = { deliveryId: delivery.id, webhookId: webhook.id, waitUntil: limitEnds };
      deps.log.info("deliver: waits, as its webhook has had its share of this hour", fields);
      return;
    }
  }
  const sent =
    webhook === undefined && order.webhookId !== null
      ? failedAttempt("The webhook was deleted.", "subscriber", "final")
      : webhook !== undefined && !webhook.isActive
        ? failedAttempt("The webhook is disabled.", "subscriber", "final")
        : await sendDelivery(deps, delivery, webhook);
  await recordDelivery(deps, { order, delivery, webhook, snapshot, sent, startedAt: now });
}

/** The delivery as it is stored, or, before its first attempt, as that will store it; undefined where there is nothing to send. */
async function findOrMake(
  deps: Deps,
  order: DeliveryOrder,
  webhook: Webhook | undefined,
): Promise<{ delivery: Delivery | undefined; snapshot: DocumentSnapshot }> {
  const { source } = order;
  const ref = deliveries(deps.db).doc(deliveryIdOf(order));
  if (order.attempt > 1) {
    const [snapshot] = await readShared(deps.db, ref);
    return { snapshot, delivery: snapshot.data() as Delivery | undefined };
  }
  const sourceRef =
    "event" in source ? deps.db.collection("events").doc(source.event) : pendingWebhookRef(deps.db, source.task);
  const [snapshot, sourceSnapshot] = await readShared(deps.db, ref, sourceRef);
  if (snapshot.exists) return { snapshot, delivery: snapshot.data() as Delivery };
  return { snapshot, delivery: firstDelivery(deps, ref.id, order, sourceSnapshot, webhook) };
}

function firstDelivery(
  deps: Deps,
  id: string,
  order: DeliveryOrder,
  source: DocumentSnapshot,
  webhook: Webhook | undefined,
): Delivery | undefined {
  const origin = originOf(deps, order, source);
  if (origin === undefined) return undefined;
  const { event, ownerId, taskId, callbackUrl, callbackFormat } = origin;
  const url = order.webhookId === null ? callbackUrl : webhook?.url;
  const format = formatOf(order.webhookId === null ? callbackFormat : (webhook?.format ?? null));
  const body = format.render(event);
  if (url == null || body === undefined) return undefined;
  return {
    id,
    eventId: eventIdOf(order.source),
    source: order.source,
    eventType: event.type,
    ownerId,
    webhookId: order.webhookId,
    taskId,
    url,
    format: format.name,
    body,
    status: "pending",
    attempts: [],
    roundStart: 0,
    nextAttemptAt: null,
    createdAt: timestamp(event.at),
    completedAt: null,
    purgeAt: timestamp(deps.now() + deps.config.taskRetentionMs),
  };
}

function originOf(deps: Deps, { source }: DeliveryOrder, snapshot: DocumentSnapshot) {
  const data = snapshot.data();
  if (data === undefined) return undefined;
  const teller = eventSource(deps.config);
  if ("event" in source) {
    const stored = data as ApplicationEvent;
    const event = applicationEvent(stored, teller);
    return { event, ownerId: stored.ownerId, taskId: null, callbackUrl: null, callbackFormat: null };
  }
  const task = readPendingWebhook(data);
  const entry = task.history.find(({ seq }) => seq === source.seq);
  if (entry === undefined) return undefined;
  const { ownerId, callbackUrl, callbackFormat } = task;
  return { event: taskEvent(task, entry, teller), ownerId, taskId: source.task, callbackUrl, callbackFormat };
}
