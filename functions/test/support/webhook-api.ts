import { timestamp } from "../../src/platform/firestore.ts";
import { deliverWebhook } from "../../src/webhooks/deliver.ts";
import { type Delivery, type DeliveryOrder, deliveries } from "../../src/webhooks/delivery.ts";
import type { ApplicationEvent } from "../../src/webhooks/outgoing-event.ts";
import { publishApplicationEvent } from "../../src/webhooks/publish.ts";
import { type ReplayOrder, replayPage } from "../../src/webhooks/replay.ts";
import type { ApiAnswer, CallApi } from "./api-client.ts";
import type { TestDeps } from "./test-deps.ts";

/** The least that a webhook needs; nobody listens there. */
export const leastWebhook = { name: "Orders", url: "http://127.0.0.1:9/hook", events: ["*"] };

/** The fields that a problem answer names, sorted. */
export function fieldsOf({ body }: ApiAnswer): string[] {
  return ((body.errors ?? []) as { field: string }[]).map(({ field }) => field).sort();
}

/** What the trigger does on a published event. */
export async function triggerEvent(deps: TestDeps, id: unknown): Promise<void> {
  const data = (await deps.db.collection("events").doc(String(id)).get()).data();
  await publishApplicationEvent(deps, data as ApplicationEvent);
}

/** Carries out what the queue holds, in its order, until it is empty, with the clock set to when each is due. */
export async function runQueue(deps: TestDeps): Promise<void> {
  for (let task = deps.queued.shift(); task !== undefined; task = deps.queued.shift()) {
    deps.advance(Math.max(0, task.runAt - deps.now()));
    const order = task.data as { deliver: DeliveryOrder } | { replay: ReplayOrder };
    if ("deliver" in order) await deliverWebhook(deps, order.deliver);
    else await replayPage(deps, order.replay);
  }
}

/** Publishes an event over HTTP and carries out all that follows from it; gives its id. */
export async function publishAndDeliver(
  deps: TestDeps,
  api: CallApi,
  key: string,
  payload: object = {},
): Promise<unknown> {
  // Events of one millisecond have no order among them.
  deps.advance(1);
  const { body } = await api("POST", "/events", { key, body: { type: "order.paid", payload } });
  await triggerEvent(deps, body.id);
  await runQueue(deps);
  return body.id;
}

/** A delivery as the attempts would have left it; `number` makes its id, `at` (milliseconds since 1970) is the event's time. */
export async function storeDelivery(
  deps: TestDeps,
  number: number,
  parts: Partial<Delivery> & Pick<Delivery, "ownerId" | "webhookId">,
  at: number,
): Promise<string> {
  const id = `dlv_${number.toString(16).padStart(32, "0")}`;
  const attempt = { number: 1, at: timestamp(at), durationMs: 12, statusCode: 500, responseBody: "no" };
  const delivery: Delivery = {
    id,
    eventId: `evt_${number}`,
    source: { event: `evt_${number}` },
    eventType: "order.paid",
    taskId: null,
    url: leastWebhook.url,
    format: "standard",
    body: "{}",
    status: "dead",
    attempts: [{ ...attempt, error: "It answered 500.", fault: "subscriber" }],
    roundStart: 0,
    nextAttemptAt: null,
    createdAt: timestamp(at),
    completedAt: timestamp(at),
    purgeAt: timestamp(at + 90 * 86_400_000),
    ...parts,
  };
  await deliveries(deps.db).doc(id).create(delivery);
  return id;
}
