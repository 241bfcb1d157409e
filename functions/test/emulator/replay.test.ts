import { timestamp } from "../../src/platform/firestore.ts";
import { type Delivery, deliveries } from "../../src/webhooks/delivery.ts";
import { findReplay, replayPage, startReplay } from "../../src/webhooks/replay.ts";
import { webhooks } from "../../src/webhooks/webhook.ts";
import { advanceTo, bring, bringAll, waiting } from "../support/delivery-queue.ts";
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

test("a replay of all sends what was delivered and what is dead again, oldest first, with the same ids and bytes", async () => {
  const deps = createTestDeps(db);
  const { webhook, start, all } = await withDeliveries(deps, receiver.url, ["delivered", "dead", "delivered"]);
  const started = await startReplay(deps, webhook, { since: start, until: deps.now(), status: "all" });
  expect(started).toMatchObject({ state: "running", total: 3, processed: 0, replayed: 0 });
  await bringAll(deps);
  const done = await findReplay(deps, webhook.id, started.id);
  expect(done).toMatchObject({ state: "done", total: 3, processed: 3, replayed: 3 });
  expect(done.completedAt).not.toBeNull();
  expect(receiver.receivedIds()).toEqual(all.map(({ eventId }) => eventId));
  expect(receiver.received().map(({ rawBody, verified }) => [rawBody, verified])).toEqual(
    all.map(({ body }) => [body, true]),
  );
  for (const { id } of all) {
    const delivery = await read(id);
    expect(delivery).toMatchObject({ status: "delivered", roundStart: 1 });
    expect(delivery.attempts.map(({ number }) => number)).toEqual([1, 2]);
    expect(delivery).not.toHaveProperty("sweepAt");
  }
});

test("a replay of the dead ones leaves the others alone", async () => {
  const deps = createTestDeps(db);
  const { webhook, start, all } = await withDeliveries(deps, receiver.url, ["delivered", "dead", "pending", "dead"]);
  const { id } = await startReplay(deps, webhook, { since: start, until: deps.now(), status: "dead" });
  await bringAll(deps);
  expect(await findReplay(deps, webhook.id, id)).toMatchObject({ state: "done", total: 2, processed: 2, replayed: 2 });
  expect(receiver.receivedIds()).toEqual([all[1]?.eventId, all[3]?.eventId]);
});

test("the time range begins with since, ends before until, and is one webhook's", async () => {
  const deps = createTestDeps(db);
  const { webhook, start, all } = await withDeliveries(deps, receiver.url, [
    "delivered",
    "delivered",
    "delivered",
    "delivered",
  ]);
  await withDeliveries(deps, receiver.url, ["delivered", "delivered", "delivered", "delivered"]);
  const range = { since: start + minute, until: start + 3 * minute, status: "all" } as const;
  const { total } = await startReplay(deps, webhook, range);
  await bringAll(deps);
  expect(total).toBe(2);
  expect(receiver.receivedIds()).toEqual([all[1]?.eventId, all[2]?.eventId]);
});

test("what is pending is counted, but left alone", async () => {
  const deps = createTestDeps(db);
  const { webhook, start, all } = await withDeliveries(deps, receiver.url, ["pending", "delivered"]);
  const { id } = await startReplay(deps, webhook, { since: start, until: deps.now(), status: "all" });
  await bringAll(deps);
  expect(await findReplay(deps, webhook.id, id)).toMatchObject({ total: 2, processed: 2, replayed: 1 });
  expect(await read(all[0]?.id ?? "")).toEqual(all[0]);
});

test("60 deliveries are three pages, with the progress to be read after each, five deliveries a second at most", async () => {
  const deps = createTestDeps(db);
  const { webhook, start, all } = await withDeliveries(deps, receiver.url, Array(60).fill("delivered"));
  const { id } = await startReplay(deps, webhook, { since: start, until: deps.now(), status: "all" });
  const isPage = ({ id: name }: { id: string }) => name.startsWith("replay-");
  for (const [processed, state] of [
    [25, "running"],
    [50, "running"],
    [60, "done"],
  ] as const) {
    const [page] = waiting(deps).filter(isPage);
    expect(page).toBeDefined();
    if (page === undefined) return;
    advanceTo(deps, page.runAt);
    await bring(deps, page);
    expect(await findReplay(deps, webhook.id, id)).toMatchObject({ state, total: 60, processed, replayed: processed });
  }
  const orders = waiting(deps);
  expect(orders.filter(isPage)).toEqual([]);
  expect(orders).toHaveLength(60);
  for (const [n, order] of orders.entries()) {
    if (n > 0) expect(order.runAt - (orders[n - 1]?.runAt ?? 0)).toBeGreaterThanOrEqual(200);
  }
  await bringAll(deps);
  expect(receiver.receivedIds().sort()).toEqual(all.map(({ eventId }) => eventId).sort());
});

test("deliveries of one and the same moment are all replayed, over pages", async () => {
  const deps = createTestDeps(db);
  const webhook = await subscribed(deps, { url: `${receiver.url}/webhook` });
  const at = deps.now() - minute;
  const all = Array.from({ length: 50 }, (_, n) => deliveryOf(deps, webhook, n, { createdAt: timestamp(at) }));
  await storeDeliveries(deps, all);
  const { id } = await startReplay(deps, webhook, { since: at, until: at + 1, status: "all" });
  await bringAll(deps);
  expect(await findReplay(deps, webhook.id, id)).toMatchObject({ state: "done", total: 50, processed: 50 });
  expect(new Set(receiver.receivedIds()).size).toBe(50);
});

test("a page that comes too early, or before its replay is stored, is to be brought again; one that was done does nothing", async () => {
  const deps = createTestDeps(db);
  const { webhook, start } = await withDeliveries(deps, receiver.url, ["delivered"]);
  const missing = replayPage(deps, { replayId: "not-stored-yet", page: 0 });
  await expect(missing).rejects.toMatchObject({ code: "too_early", retryable: true });
  const { id } = await startReplay(deps, webhook, { since: start, until: deps.now(), status: "all" });
  for (const page of [0, 1]) {
    await expect(replayPage(deps, { replayId: id, page })).rejects.toMatchObject({ code: "too_early" });
  }
  await bringAll(deps);
  const done = await findReplay(deps, webhook.id, id);
  await replayPage(deps, { replayId: id, page: 0 });
  await replayPage(deps, { replayId: id, page: 1 });
  expect(await findReplay(deps, webhook.id, id)).toEqual(done);
  expect(receiver.received()).toHaveLength(1);
});

test("a page that runs twice at once sends nothing twice, and counts once", async () => {
  const deps = createTestDeps(db);
  const { webhook, start } = await withDeliveries(deps, receiver.url, Array(10).fill("dead"));
  const { id } = await startReplay(deps, webhook, { since: start, until: deps.now(), status: "dead" });
  deps.advance(1_000);
  const page = { replayId: id, page: 0 };
  await Promise.all([replayPage(deps, page), replayPage(deps, page)]);
  await bringAll(deps);
  expect(await findReplay(deps, webhook.id, id)).toMatchObject({ state: "done", processed: 10, replayed: 10 });
  expect(receiver.receivedIds()).toHaveLength(10);
});

test("a second replay of the same range sends all of it once more", async () => {
  const deps = createTestDeps(db);
  const { webhook, start, all } = await withDeliveries(deps, receiver.url, ["delivered", "dead"]);
  const range = { since: start, until: deps.now(), status: "all" } as const;
  for (const round of [1, 2]) {
    await startReplay(deps, webhook, range);
    await bringAll(deps);
    expect(receiver.received()).toHaveLength(2 * round);
  }
  expect((await read(all[0]?.id ?? "")).attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
});

test("what died while the webhook was disabled is replayed once it is enabled", async () => {
  const deps = createTestDeps(db);
  const { webhook, start, all } = await withDeliveries(deps, receiver.url, ["dead"], { isActive: false });
  const range = { since: start, until: deps.now(), status: "dead" } as const;
  await startReplay(deps, webhook, range);
  await bringAll(deps);
  expect(receiver.received()).toEqual([]);
  expect(await read(all[0]?.id ?? "")).toMatchObject({ status: "dead" });
  await webhooks(db).doc(webhook.id).update({ isActive: true });
  deps.advance(10_000);
  await startReplay(deps, webhook, range);
  await bringAll(deps);
  expect(await read(all[0]?.id ?? "")).toMatchObject({ status: "delivered" });
});

test("a replay is found for its own webhook alone", async () => {
  const deps = createTestDeps(db);
  const { webhook, start } = await withDeliveries(deps, receiver.url, []);
  const { id } = await startReplay(deps, webhook, { since: start - 1, until: deps.now(), status: "all" });
  const notFound = { code: "replay_not_found", status: 404 };
  await expect(findReplay(deps, "another", id)).rejects.toMatchObject(notFound);
  await expect(findReplay(deps, webhook.id, "a/b")).rejects.toMatchObject(notFound);
  await bringAll(deps);
  expect(await findReplay(deps, webhook.id, id)).toMatchObject({ state: "done", total: 0, processed: 0 });
});
