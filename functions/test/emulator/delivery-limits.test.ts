import { timestamp } from "../../src/platform/firestore.ts";
import { deliverWebhook } from "../../src/webhooks/deliver.ts";
import { disableInactive, noteHealth } from "../../src/webhooks/health.ts";
import { deliveriesPerHour } from "../../src/webhooks/rate-limit.ts";
import { failedAttempt } from "../../src/webhooks/send-delivery.ts";
import type { Webhook } from "../../src/webhooks/webhook.ts";
import { advanceTo, bringAll, bringDue, deliveryOrders, waiting } from "../support/delivery-queue.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { costOf, countOperations } from "../support/operation-count.ts";
import { receiverOfFile } from "../support/receiver.ts";
import {
  deliveryOf,
  eventsOf,
  orderOf,
  published,
  readDelivery,
  readWebhook,
  storeDeliveries,
  subscribed,
  subscriberSecret,
} from "../support/subscribers.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

const db = newTestFirestore();
const receiver = receiverOfFile({ secret: subscriberSecret });
afterAll(() => db.terminate());

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nextHour = (deps: TestDeps) => deps.now() - (deps.now() % hourMs) + hourMs;

/** A webhook that has had so many deliveries in an hour that has just begun. */
async function busyWebhook(deps: TestDeps, had: number): Promise<Webhook> {
  advanceTo(deps, nextHour(deps) + 60_000);
  const webhook = await subscribed(deps, { url: `${receiver.url}/status/200` });
  const thisHour = Array.from({ length: had }, (_, n) => deliveryOf(deps, webhook, n));
  const lastHour = timestamp(deps.now() - 61_000);
  const before = deliveryOf(deps, webhook, had, { completedAt: lastHour });
  await storeDeliveries(deps, [...thisHour, before]);
  return webhook;
}

const answer = { durationMs: 1, statusCode: 200, responseBody: "", retryAfterMs: undefined };
const delivered = { ...answer, error: null, fault: null, verdict: "delivered" } as const;
const failed = failedAttempt("It answered 500.", "subscriber", "retry");

test("the 1,001st delivery of an hour waits for the next hour, and none is dropped", async () => {
  const deps = createTestDeps(db);
  const webhook = await busyWebhook(deps, deliveriesPerHour - 2);
  const hourEnds = nextHour(deps);
  const events = await Promise.all(Array.from({ length: 6 }, () => published(deps, webhook.ownerId)));
  await bringDue(deps);

  expect(receiver.received()).toHaveLength(2);
  const left = waiting(deps);
  expect(left.map(({ runAt }) => runAt)).toEqual(Array(4).fill(hourEnds));
  expect(deliveryOrders(deps).map(({ waitUntil }) => waitUntil)).toEqual(Array(4).fill(hourEnds));
  await bringAll(deps);
  expect(receiver.received()).toHaveLength(6);
  for (const event of events) {
    const delivery = await readDelivery(deps, orderOf(event, webhook));
    expect(delivery).toMatchObject({ status: "delivered" });
    expect(delivery?.attempts.map(({ number }) => number)).toEqual([1]);
  }
});

test("an order that waits for the next hour is not lost where it comes in this one", async () => {
  const deps = createTestDeps(db);
  const webhook = await busyWebhook(deps, deliveriesPerHour);
  await published(deps, webhook.ownerId);
  await bringDue(deps);
  const [order] = deliveryOrders(deps);
  expect(order?.waitUntil).toBe(nextHour(deps));
  if (order === undefined) return;
  for (const left of [hourMs, 100]) {
    advanceTo(deps, nextHour(deps) - left);
    await expect(deliverWebhook(deps, order)).rejects.toMatchObject({ code: "too_early", retryable: true });
  }
  expect(receiver.received()).toEqual([]);
});

test("where the next hour is full too, it waits for the one after", async () => {
  const deps = createTestDeps(db);
  const webhook = await busyWebhook(deps, deliveriesPerHour);
  const event = await published(deps, webhook.ownerId);
  await bringDue(deps);
  advanceTo(deps, nextHour(deps));
  await storeDeliveries(
    deps,
    Array.from({ length: deliveriesPerHour }, (_, n) => deliveryOf(deps, webhook, n + 2_000)),
  );
  await bringDue(deps);
  expect(waiting(deps).map(({ runAt }) => runAt)).toEqual([nextHour(deps)]);
  expect(new Set(deps.queued.map(({ id }) => id)).size).toBe(3);
  await bringAll(deps);
  expect(await readDelivery(deps, orderOf(event, webhook))).toMatchObject({ status: "delivered" });
});

test("a retry that waits for the next hour goes on with its schedule", async () => {
  const deps = createTestDeps(db);
  const webhook = await subscribed(deps, { url: `${receiver.url}/status/500?times=2`, format: "morag" });
  advanceTo(deps, nextHour(deps) + 1_000);
  const event = await published(deps, webhook.ownerId);
  await bringDue(deps);
  const full = Array.from({ length: deliveriesPerHour }, (_, n) => deliveryOf(deps, webhook, n));
  await storeDeliveries(deps, full);
  deps.advance(11_000);
  await bringDue(deps);
  expect(receiver.received()).toHaveLength(1);
  const hourEnds = nextHour(deps);
  expect(waiting(deps).map(({ runAt }) => runAt)).toEqual([hourEnds]);
  advanceTo(deps, hourEnds);
  await bringDue(deps);
  const [third] = waiting(deps);
  expect(third?.data).toEqual({ deliver: orderOf(event, webhook, 3) });
  await bringAll(deps);
  expect((await readDelivery(deps, orderOf(event, webhook)))?.attempts.map(({ statusCode }) => statusCode)).toEqual([
    500, 500, 200,
  ]);
});

test("counting what a webhook had costs one request in 10 s, however many deliveries there are", async () => {
  let counts = 0;
  const counting = interceptFirestore(db, (rpc, proceed) => {
    if (rpc.method === "runAggregationQuery") counts += 1;
    return proceed();
  });
  const { db: counted, count } = countOperations(counting);
  const deps = createTestDeps(counted);
  const webhook = await busyWebhook(deps, 30);
  const events = await Promise.all(Array.from({ length: 20 }, () => published(deps, webhook.ownerId)));
  // For each: two documents read, one written. For all: the webhook, and the count.
  const cost = await costOf(count, () => bringDue(deps));
  expect(cost).toMatchObject({ reads: 2 * events.length + 1, writes: events.length });
  expect(counts).toBe(1);
  deps.advance(10_001);
  await published(deps, webhook.ownerId);
  expect(await costOf(count, () => bringDue(deps))).toMatchObject({ requests: 4, writes: 1 });
  expect(counts).toBe(2);
});

test("five days of nothing but failures disable a webhook, and its owner's other webhooks hear of it", async () => {
  const deps = createTestDeps(db);
  const webhook = await subscribed(deps, { url: `${receiver.url}/status/500`, retryCount: 0 });
  const other = await subscribed(deps, { ownerId: webhook.ownerId, events: ["webhook.disabled"] });
  const firstFailure = deps.now();
  await published(deps, webhook.ownerId);
  await bringDue(deps);
  const failing = await readWebhook(deps, webhook);
  expect(failing.failingSince).toBeGreaterThanOrEqual(firstFailure);
  advanceTo(deps, (failing.failingSince ?? 0) + 5 * dayMs - 10_000);
  await published(deps, webhook.ownerId);
  await bringDue(deps);
  expect(await readWebhook(deps, webhook)).toEqual(failing);
  deps.advance(10_000);
  await Promise.all(Array.from({ length: 3 }, () => published(deps, webhook.ownerId)));
  await bringDue(deps);

  const reason = "Every attempt of the last 5 days failed.";
  expect(await readWebhook(deps, webhook)).toMatchObject({ isActive: false, disabledReason: reason });
  const told = await eventsOf(deps, webhook.ownerId, "webhook.disabled");
  expect(told).toMatchObject([{ except: webhook.id, payload: { webhook_id: webhook.id, reason } }]);
  expect(await readWebhook(deps, other)).toMatchObject({ isActive: true });
});

test("a success in between begins the five days anew, also right after a failure", async () => {
  const deps = createTestDeps(db);
  const webhook = await subscribed(deps, { url: `${receiver.url}/status/500?times=1`, format: "morag" });
  await published(deps, webhook.ownerId);
  await bringDue(deps);
  expect((await readWebhook(deps, webhook)).failingSince).not.toBeNull();
  // Within the time for which an instance trusts what it has read of a webhook.
  await noteHealth(deps, (await deps.webhooks.byId(webhook.id)) ?? webhook, delivered);
  expect((await readWebhook(deps, webhook)).failingSince).toBeNull();
  deps.advance(5 * dayMs + 1);
  await noteHealth(deps, await readWebhook(deps, webhook), failed);
  expect(await readWebhook(deps, webhook)).toMatchObject({ isActive: true, failingSince: expect.any(Number) });
});

test("a failure that another instance's success has overtaken disables nothing", async () => {
  const deps = createTestDeps(db);
  const webhook = await subscribed(deps, { failingSince: deps.now() - 6 * dayMs });
  const stale = await readWebhook(deps, webhook);
  await noteHealth(deps, await readWebhook(deps, webhook), delivered);
  await noteHealth(deps, stale, failed);
  expect(await readWebhook(deps, webhook)).toMatchObject({ isActive: true, failingSince: null });
});

test("health is written only where something changes", async () => {
  const { db: counted, count } = countOperations(db);
  const deps = createTestDeps(counted);
  const webhook = await subscribed(deps);
  const writes = async (sent: typeof delivered | typeof failed, times = 1) => {
    const known = (await deps.webhooks.byId(webhook.id)) ?? webhook;
    const all = () => Promise.all(Array.from({ length: times }, () => noteHealth(deps, known, sent)));
    return (await costOf(count, all)).writes;
  };
  expect(await writes(delivered, 5)).toBe(0);
  expect(await writes(failed, 5)).toBe(1);
  expect(await writes(failed)).toBe(0);
  expect(await writes(delivered, 5)).toBe(1);
  expect(await writes(delivered)).toBe(0);
  deps.advance(hourMs + 1_000);
  expect(await writes(delivered, 5)).toBe(1);
  expect(await readWebhook(deps, webhook)).toMatchObject({ failingSince: null });
});

test("our own faults never count, and neither does a webhook that was deleted or disabled", async () => {
  const deps = createTestDeps(db);
  const webhook = await subscribed(deps, { failingSince: deps.now() - 6 * dayMs });
  const ours = failedAttempt("A stored credential cannot be decrypted.", "ours", "retry");
  await noteHealth(deps, webhook, ours);
  await noteHealth(deps, { ...webhook, isActive: false }, failed);
  expect(await readWebhook(deps, webhook)).toEqual(webhook);
  const deleted = { ...webhook, id: "deleted-meanwhile" };
  await noteHealth(deps, deleted, failed);
  await noteHealth(deps, { ...deleted, failingSince: null }, failed);
  await noteHealth(deps, deleted, delivered);
  expect(await readWebhook(deps, deleted)).toBeUndefined();
});

test("thirty days with nothing delivered disable a webhook, on the schedule, once", async () => {
  const own = newTestFirestore();
  const deps = createTestDeps(own);
  const idle = await subscribed(deps);
  const disabled = await subscribed(deps, { isActive: false });
  advanceTo(deps, deps.now() + 30 * dayMs - 10_000);
  const recent = await subscribed(deps);
  expect(await disableInactive(deps)).toBe(0);
  deps.advance(10_000);
  const counts = await Promise.all([disableInactive(deps), disableInactive(deps)]);
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(1);
  const reason = "Nothing was delivered for 30 days.";
  expect(await readWebhook(deps, idle)).toMatchObject({ isActive: false, disabledReason: reason });
  expect(await readWebhook(deps, recent)).toEqual(recent);
  expect(await readWebhook(deps, disabled)).toEqual(disabled);
  const { docs } = await own.collection("events").get();
  expect(docs.map((doc) => doc.data())).toMatchObject([{ type: "webhook.disabled", ownerId: idle.ownerId }]);
  await own.terminate();
});
