import { randomUUID } from "node:crypto";
import type { Firestore } from "firebase-admin/firestore";
import type { Deps } from "../../src/deps.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import { type Delivery, deliveries, deliveryIdOf } from "../../src/webhooks/delivery.ts";
import { publishApplicationEvent } from "../../src/webhooks/publish.ts";
import { publishEvent } from "../../src/webhooks/publish-event.ts";
import { findReplay, startReplay } from "../../src/webhooks/replay.ts";
import { createFindWebhooks } from "../../src/webhooks/webhook.ts";
import { type CrashPlan, crashingDeps } from "../support/crashing-deps.ts";
import { outliveQueue, type Redelivery } from "../support/delivery-life.ts";
import { deliveryOrders } from "../support/delivery-queue.ts";
import { receiverOfFile } from "../support/receiver.ts";
import {
  deliveryOf,
  emptyAnswer,
  eventsOf,
  readWebhook,
  storeDeliveries,
  subscribed,
  subscriberSecret,
} from "../support/subscribers.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

/** Lives are lived side by side, each in a database of its own, since a sweep looks at all of it. */
const databases = Array.from({ length: 4 }, () => newTestFirestore());
const [firstDatabase = newTestFirestore()] = databases;
const receiver = receiverOfFile({ secret: subscriberSecret });
afterAll(() => Promise.all(databases.map((db) => db.terminate())));

const never: CrashPlan = { at: Number.POSITIVE_INFINITY, how: "crash before" };

interface Life {
  readonly steps: readonly string[];
  readonly crashed: boolean;
}

/** A crash at every step that `live` takes, from `first`, until it takes no more. */
async function crashEverywhere(
  live: (db: Firestore, plan: CrashPlan) => Promise<Life>,
  how: CrashPlan["how"],
  first = 1,
) {
  const { steps } = await live(firstDatabase, never);
  let at = first;
  for (let crashed = true; crashed; at += databases.length) {
    const lives = await Promise.all(databases.map((db, n) => live(db, { at: at + n, how })));
    crashed = lives.every((life) => life.crashed);
  }
  expect(at).toBeGreaterThan(steps.length);
  return steps;
}

interface Scenario {
  readonly path: string;
  readonly retries: number;
  readonly status: Delivery["status"];
  readonly answers: readonly number[];
}

const scenarios: [string, Scenario][] = [
  ["delivered at first", { path: "/status/200", retries: 1, status: "delivered", answers: [200] }],
  ["delivered after a retry", { path: "/status/503?times=1", retries: 1, status: "delivered", answers: [503, 200] }],
  ["dead after its retries", { path: "/status/500", retries: 1, status: "dead", answers: [500, 500] }],
  ["dead, as it is not wanted any more", { path: "/gone", retries: 1, status: "dead", answers: [410] }],
];
const troubles: [CrashPlan["how"], Redelivery][] = [
  ["crash before", "at once"],
  ["crash before", "late"],
  ["crash before", "lost after the first attempt"],
  ["crash after", "at once"],
  ["crash after", "late"],
  ["crash after", "lost after the first attempt"],
  ["failure at", "at once"],
];
const cases = scenarios.flatMap(([name, scenario]) => troubles.map((trouble) => [name, ...trouble, scenario] as const));

test.each(cases)(
  "what is %s survives a %s every step, its order brought again %s",
  async (_name, how, redelivery, scenario) => {
    const live = (db: Firestore, plan: CrashPlan) => deliveryWithCrash(db, scenario, plan, redelivery);
    const steps = await crashEverywhere(live, how);
    expect(steps).toEqual(expect.arrayContaining(["runQuery", "enqueue", "batchGetDocuments", "send", "commit"]));
  },
  30_000,
);

/** One event on its way to one webhook, with that crash; expects what must hold however it went. */
async function deliveryWithCrash(
  db: Firestore,
  scenario: Scenario,
  plan: CrashPlan,
  redelivery: Redelivery,
): Promise<Life> {
  const deps = createTestDeps(db);
  const life = randomUUID();
  const path = `${scenario.path}${scenario.path.includes("?") ? "&" : "?"}life=${life}`;
  const url = `${receiver.url}${path}`;
  const webhook = await subscribed(deps, { url, retryCount: scenario.retries, format: "morag" });
  const event = await publishEvent(deps, {
    id: `evt_${life}`,
    ownerId: webhook.ownerId,
    type: "request.created",
    payload: {},
  });
  const { start, steps } = crashingDeps(deps, plan);
  const publish = (worker: Deps) => publishApplicationEvent(worker, event);
  await outliveQueue({ deps, start, first: publish, redelivery });
  const crashed = steps.length >= plan.at;

  const { docs } = await deliveries(db).where("webhookId", "==", webhook.id).get();
  const all = docs.map((doc) => doc.data() as Delivery);
  expect(all).toMatchObject([{ eventId: event.id, nextAttemptAt: null }]);
  const [delivery] = all;
  expect(delivery?.status).toBe(scenario.status);
  const requests = receiver.received().filter((request) => request.path === path);
  expect(new Set(requests.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([event.id]));
  expect(new Set(requests.map(({ rawBody }) => rawBody)).size).toBe(1);
  expect(requests.length).toBeLessThanOrEqual(scenario.answers.length + (crashed ? 1 : 0));
  expect(requests.length).toBeGreaterThanOrEqual(scenario.answers.length);
  expect(delivery).not.toHaveProperty("sweepAt");
  // What the queue brings again needs no rescue.
  const rescues = deps.queued.filter(({ id }) => id.includes("-rescue-"));
  if (redelivery === "at once" || redelivery === "late") expect(rescues).toEqual([]);

  const attempts = delivery?.attempts ?? [];
  expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, n) => n + 1));
  const times = attempts.map(({ at }) => at.toMillis());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  if (!crashed) expect(attempts.map(({ statusCode }) => statusCode)).toEqual(scenario.answers);
  if (scenario.path === "/gone") {
    expect(await readWebhook(deps, webhook)).toMatchObject({ isActive: false });
    expect(await eventsOf(deps, webhook.ownerId, "webhook.disabled")).toHaveLength(1);
  }
  return { crashed, steps: [...steps] };
}

test.each([
  ["crash before", 3, 1],
  ["crash after", 3, 1],
  ["failure at", 3, 1],
  // A full page, and the steps around its end, where the next one is queued.
  ["crash before", 26, 48],
  ["crash after", 26, 48],
] as const)(
  "a replay survives a %s every step; %i deliveries, from step %i",
  async (how, number, first) => {
    const steps = await crashEverywhere((db, plan) => replayWithCrash(db, number, plan), how, first);
    expect(steps).toEqual(expect.arrayContaining(["batchGetDocuments", "runQuery", "enqueue", "commit"]));
  },
  30_000,
);

/** One replay with that crash; expects that every delivery of its range is on its way again, once. */
async function replayWithCrash(db: Firestore, number: number, plan: CrashPlan): Promise<Life> {
  const deps = createTestDeps(db);
  const webhook = await subscribed(deps);
  const since = deps.now() - 100_000;
  const states = ["delivered", "dead"] as const;
  const all = Array.from({ length: number }, (_, n) => {
    return deliveryOf(deps, webhook, n, { createdAt: timestamp(since + n), status: states[n % 2] ?? "dead" });
  });
  await storeDeliveries(deps, all);
  const { id } = await startReplay(deps, webhook, { since, until: deps.now(), status: "all" });
  const { start, steps } = crashingDeps(deps, plan);
  await outliveQueue({ deps, start, redelivery: "at once", replaysOnly: true });

  expect(await findReplay(deps, webhook.id, id)).toMatchObject({
    state: "done",
    total: number,
    processed: number,
    replayed: number,
  });
  const { docs } = await deliveries(db).where("webhookId", "==", webhook.id).get();
  for (const doc of docs) {
    expect(doc.data()).toMatchObject({ status: "pending", roundStart: 1, replayId: id, sweepAt: expect.any(Number) });
  }
  const ordered = deliveryOrders(deps).map((order) => `${deliveryIdOf(order)} ${order.attempt}`);
  expect(ordered.sort()).toEqual(all.map((delivery) => `${delivery.id} 2`).sort());
  const batch = db.batch();
  for (const { ref } of docs) batch.delete(ref);
  await batch.commit();
  return { crashed: steps.length >= plan.at, steps: [...steps] };
}

test("a replay whose start crashed after it was queued does nothing, and the next one does it", async () => {
  const deps = createTestDeps(firstDatabase, { send: async () => emptyAnswer });
  const webhook = await subscribed(deps);
  await storeDeliveries(deps, [deliveryOf(deps, webhook, 1, { createdAt: timestamp(deps.now() - 5_000) })]);
  const range = { since: deps.now() - 10_000, until: deps.now(), status: "all" } as const;
  for (const at of [1, 2, 3]) {
    const { start } = crashingDeps(deps, { at, how: "crash before" });
    const process = start();
    const crashing = { ...process.deps, webhooks: createFindWebhooks(process.deps.db, deps.now) };
    await expect(startReplay(crashing, webhook, range)).rejects.toThrow(/crash before/);
  }
  const { id } = await startReplay(deps, webhook, range);
  const { start } = crashingDeps(deps, never);
  await outliveQueue({ deps, start, redelivery: "at once" });
  expect(await findReplay(deps, webhook.id, id)).toMatchObject({ state: "done", replayed: 1 });
  const { docs } = await deliveries(firstDatabase).where("webhookId", "==", webhook.id).get();
  expect(docs.map((doc) => (doc.data() as Delivery).attempts.length)).toEqual([2]);
});
