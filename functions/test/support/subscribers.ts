import type { Deps } from "../../src/deps.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import type { OutboundResponse } from "../../src/platform/outbound-http.ts";
import { type Delivery, type DeliveryOrder, deliveries, deliveryIdOf, eventIdOf } from "../../src/webhooks/delivery.ts";
import type { ApplicationEvent } from "../../src/webhooks/outgoing-event.ts";
import { publishApplicationEvent } from "../../src/webhooks/publish.ts";
import { publishEvent } from "../../src/webhooks/publish-event.ts";
import { newWebhookSecret } from "../../src/webhooks/signing.ts";
import { type Webhook, webhooks } from "../../src/webhooks/webhook.ts";

/** The secret of every webhook that `subscribed` makes, for the receiver. */
export const subscriberSecret = newWebhookSecret();

/** Stores a webhook, of an owner of its own, with what the test says instead. */
export async function subscribed(deps: Deps, parts: Partial<Webhook> = {}): Promise<Webhook> {
  const id = parts.id ?? deps.newId();
  const webhook: Webhook = {
    id,
    ownerId: `owner-of-${id}`,
    name: `webhook ${id}`,
    url: "http://127.0.0.1:9/unused",
    description: null,
    events: ["*"],
    sealedHeaders: null,
    sealedSecrets: [{ sealed: deps.keys.seal(subscriberSecret), expiresAt: null }],
    retryCount: 3,
    timeoutSeconds: 30,
    isActive: true,
    format: "standard",
    createdAt: timestamp(deps.now()),
    updatedAt: timestamp(deps.now()),
    disabledReason: null,
    disabledAt: null,
    failingSince: null,
    lastDeliveredAt: deps.now(),
    ...parts,
  };
  await webhooks(deps.db).doc(id).set(webhook);
  return webhook;
}

/** The webhook as it stands. */
export async function readWebhook(deps: Deps, { id }: { readonly id: string }): Promise<Webhook> {
  return (await webhooks(deps.db).doc(id).get()).data() as Webhook;
}

/** Publishes an event of the owner, and does what the trigger does then. */
export async function published(deps: Deps, ownerId: string, parts: Partial<ApplicationEvent> = {}) {
  const payload = { request_id: "r-1" };
  const stored = await publishEvent(deps, {
    id: `evt_${deps.newId()}`,
    ownerId,
    type: "request.created",
    payload,
    ...pick(parts),
  });
  await publishApplicationEvent(deps, stored);
  return stored;
}

function pick({ id, type }: Partial<ApplicationEvent>) {
  return { ...(id === undefined ? {} : { id }), ...(type === undefined ? {} : { type }) };
}

/** The order for an attempt at delivering an application event. */
export function orderOf(event: { readonly id: string }, webhook: { readonly id: string }, attempt = 1): DeliveryOrder {
  return { source: { event: event.id }, webhookId: webhook.id, attempt };
}

/** One event on its way to one webhook with that URL, and the order for the first attempt. */
export async function sentTo(deps: Deps, url: string, parts: Partial<Webhook> = {}) {
  const webhook = await subscribed(deps, { url, ...parts });
  const event = await published(deps, webhook.ownerId);
  return { webhook, event, order: orderOf(event, webhook) };
}

/** A 200 and nothing with it, for a test that answers in the subscriber's place. */
export const emptyAnswer: OutboundResponse = {
  status: 200,
  headers: {},
  body: Buffer.alloc(0),
  truncated: false,
  durationMs: 1,
};

/** The events of that type that were published for the owner. */
export async function eventsOf({ db }: Deps, ownerId: string, type: string): Promise<ApplicationEvent[]> {
  const { docs } = await db.collection("events").where("ownerId", "==", ownerId).where("type", "==", type).get();
  return docs.map((doc) => doc.data() as ApplicationEvent);
}

/** The delivery as it stands; undefined where there is none. */
export async function readDelivery(
  deps: Deps,
  order: Pick<DeliveryOrder, "source" | "webhookId">,
): Promise<Delivery | undefined> {
  return (await deliveries(deps.db).doc(deliveryIdOf(order)).get()).data() as Delivery | undefined;
}

/** A delivery as its last attempt left it, with what the test says instead. */
export function deliveryOf(deps: Deps, webhook: Webhook, n: number, parts: Partial<Delivery> = {}): Delivery {
  const source = { event: `evt_${webhook.id}_${n}` };
  const at = timestamp(deps.now());
  const attempt = { number: 1, at, durationMs: 5, statusCode: 200, error: null, fault: null, responseBody: "" };
  return {
    id: deliveryIdOf({ source, webhookId: webhook.id }),
    eventId: eventIdOf(source),
    source,
    eventType: "request.created",
    ownerId: webhook.ownerId,
    webhookId: webhook.id,
    taskId: null,
    url: webhook.url,
    format: webhook.format,
    body: JSON.stringify({ n }),
    status: "delivered",
    attempts: [attempt],
    roundStart: 0,
    nextAttemptAt: null,
    createdAt: at,
    completedAt: at,
    purgeAt: timestamp(deps.now() + 1_000_000),
    ...parts,
  };
}

/** Stores many deliveries at once. */
export async function storeDeliveries(deps: Deps, all: readonly Delivery[]): Promise<void> {
  for (let start = 0; start < all.length; start += 500) {
    const batch = deps.db.batch();
    for (const one of all.slice(start, start + 500)) batch.set(deliveries(deps.db).doc(one.id), one);
    await batch.commit();
  }
}

const minuteMs = 60_000;

/** A webhook of that receiver's with deliveries a minute apart, the last one a minute ago, in those states. */
export async function withDeliveries(
  deps: Deps,
  receiverUrl: string,
  states: readonly Delivery["status"][],
  parts: Partial<Webhook> = {},
) {
  const webhook = await subscribed(deps, { url: `${receiverUrl}/webhook`, ...parts });
  const start = deps.now() - states.length * minuteMs;
  const all = states.map((status, n) => {
    const completedAt = status === "pending" ? null : timestamp(start + n * minuteMs);
    return deliveryOf(deps, webhook, n, { status, createdAt: timestamp(start + n * minuteMs), completedAt });
  });
  await storeDeliveries(deps, all);
  return { webhook, start, all, viewer: { ownerId: webhook.ownerId, admin: false } };
}
