import { type Delivery, deliveries } from "../../src/webhooks/delivery.ts";
import { beginRound, rescueAfterMs, rescueDeliveries, retryDelivery } from "../../src/webhooks/requeue.ts";
import { advanceTo, bring, bringAll, bringDue, waiting } from "../support/delivery-queue.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { deliveryOf, storeDeliveries, subscribed, subscriberSecret, withDeliveries } from "../support/subscribers.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const receiver = receiverOfFile({ secret: subscriberSecret });
afterAll(() => db.terminate());

const minute = 60_000;

async function read(id: string): Promise<Delivery> {
  return (await deliveries(db).doc(id).get()).data() as Delivery;
}

test("a dead delivery that is retried gets a new round with the full schedule", async () => {
  const deps = createTestDeps(db);
  const url = `${receiver.url}/status/500`;
  const { all, viewer } = await withDeliveries(deps, receiver.url, ["dead"], { url, retryCount: 2, format: "morag" });
  const [{ id } = { id: "" }] = all;
  expect(await retryDelivery(deps, viewer, id)).toMatchObject({ status: "pending", roundStart: 1, completedAt: null });
  const took = await bringAll(deps);
  expect(receiver.received()).toHaveLength(3);
  expect(took).toBeGreaterThanOrEqual(15_000);
  expect(took).toBeLessThan(20_000);
  const delivery = await read(id);
  expect(delivery.status).toBe("dead");
  expect(delivery.attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  await retryDelivery(deps, viewer, id);
  await bringAll(deps);
  expect(receiver.received()).toHaveLength(6);
});

test("a dead delivery that is retried twice at once is sent once", async () => {
  const deps = createTestDeps(db);
  const { all, viewer } = await withDeliveries(deps, receiver.url, ["dead"]);
  const [{ id } = { id: "" }] = all;
  const both = await Promise.allSettled([retryDelivery(deps, viewer, id), retryDelivery(deps, viewer, id)]);
  expect(both.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(1);
  await bringAll(deps);
  expect(receiver.received()).toHaveLength(1);
  expect(await read(id)).toMatchObject({ status: "delivered" });
});

test("a round that was begun and ended meanwhile is not begun once more", async () => {
  const deps = createTestDeps(db);
  const { all, viewer } = await withDeliveries(deps, receiver.url, ["dead"]);
  const [{ id } = { id: "" }] = all;
  const stale = await deliveries(db).doc(id).get();
  await retryDelivery(deps, viewer, id);
  await bringAll(deps);
  expect(await beginRound(deps, stale, deps.now(), "-retry")).toBe(false);
  expect(await read(id)).toMatchObject({ status: "delivered" });
  expect(waiting(deps)).toEqual([]);
});

test("only a dead delivery of one's own is retried; an admin retries anybody's", async () => {
  const deps = createTestDeps(db);
  const { all, viewer } = await withDeliveries(deps, receiver.url, ["dead", "delivered", "pending"]);
  const ids = all.map(({ id }) => id);
  for (const id of ids.slice(1)) {
    await expect(retryDelivery(deps, viewer, id)).rejects.toMatchObject({ code: "delivery_not_dead", status: 409 });
  }
  const notFound = { code: "delivery_not_found", status: 404 };
  await expect(retryDelivery(deps, { ownerId: "x", admin: false }, ids[0] ?? "")).rejects.toMatchObject(notFound);
  for (const id of ["dlv_0", "a/b", "", "."])
    await expect(retryDelivery(deps, viewer, id)).rejects.toMatchObject(notFound);
  expect(deps.queued).toEqual([]);
  expect(await retryDelivery(deps, { ownerId: "x", admin: true }, ids[0] ?? "")).toMatchObject({ status: "pending" });
});

test("an overdue pending delivery is queued again, once per patience, until it is brought", async () => {
  const own = newTestFirestore();
  const deps = createTestDeps(own);
  const webhook = await subscribed(deps, { url: `${receiver.url}/status/200` });
  const nextAttemptAt = deps.now();
  const lost = deliveryOf(deps, webhook, 1, {
    status: "pending",
    nextAttemptAt,
    completedAt: null,
    sweepShard: 3,
    sweepAt: nextAttemptAt + rescueAfterMs,
  });
  await storeDeliveries(deps, [lost, deliveryOf(deps, webhook, 2)]);
  const sweep = () => rescueDeliveries(deps, deps.now() + 60_000);
  advanceTo(deps, nextAttemptAt + rescueAfterMs - 10_000);
  expect(await sweep()).toBe(0);
  deps.advance(10_000);
  expect(await sweep()).toBe(1);
  expect(await sweep()).toBe(0);
  expect(waiting(deps).map(({ data }) => data)).toEqual([
    { deliver: { source: lost.source, webhookId: webhook.id, attempt: 2 } },
  ]);
  deps.advance(rescueAfterMs);
  expect(await sweep()).toBe(1);
  expect(waiting(deps)).toHaveLength(2);
  for (const task of waiting(deps)) await bring(deps, task);
  expect(receiver.receivedIds()).toEqual([lost.eventId]);
  deps.advance(rescueAfterMs);
  expect(await sweep()).toBe(0);
  await own.terminate();
});

test("a delivery that moves while it is rescued is not harmed", async () => {
  const own = newTestFirestore();
  const deps = createTestDeps(own);
  const webhook = await subscribed(deps, { url: `${receiver.url}/webhook` });
  const overdue = deps.now() - 20 * minute;
  const open = { status: "pending", completedAt: null, sweepShard: 5, sweepAt: overdue + rescueAfterMs } as const;
  const all = [1, 2].map((n) => deliveryOf(deps, webhook, n, { ...open, nextAttemptAt: overdue }));
  await storeDeliveries(deps, all);
  // Between the order and the sweep's own write: the one is delivered, the other deleted.
  const meanwhile = createTestDeps(own, {
    enqueue: async (task) => {
      await deps.enqueue(task);
      if (task.id.startsWith(all[0]?.id ?? "")) await bringDue(deps);
      else
        await deliveries(own)
          .doc(all[1]?.id ?? "")
          .delete();
    },
  });
  deps.advance(60_000);
  expect(await rescueDeliveries(meanwhile, deps.now() + 60_000)).toBe(2);
  const delivered = (
    await deliveries(own)
      .doc(all[0]?.id ?? "")
      .get()
  ).data();
  expect(delivered).toMatchObject({ status: "delivered" });
  expect(delivered).not.toHaveProperty("sweepAt");
  expect(delivered).not.toHaveProperty("sweepShard");
  expect(
    (
      await deliveries(own)
        .doc(all[1]?.id ?? "")
        .get()
    ).exists,
  ).toBe(false);
  await own.terminate();
});

test("more overdue deliveries than a page holds are all rescued, and none after the deadline", async () => {
  const own = newTestFirestore();
  const deps = createTestDeps(own);
  const webhook = await subscribed(deps);
  const overdue = deps.now() - 20 * minute;
  const open = { status: "pending", completedAt: null, sweepShard: 1, sweepAt: overdue } as const;
  const all = Array.from({ length: 130 }, (_, n) => deliveryOf(deps, webhook, n, { ...open, nextAttemptAt: overdue }));
  await storeDeliveries(deps, all);
  expect(await rescueDeliveries(deps, deps.now())).toBe(0);
  expect(await rescueDeliveries(deps, deps.now() + 60_000)).toBe(130);
  expect(waiting(deps)).toHaveLength(130);
  await own.terminate();
});
