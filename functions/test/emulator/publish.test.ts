import { randomUUID } from "node:crypto";
import { receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { deliveries } from "../../src/webhooks/delivery.ts";
import { publishApplicationEvent } from "../../src/webhooks/publish.ts";
import { publishEvent } from "../../src/webhooks/publish-event.ts";
import { webhooks } from "../../src/webhooks/webhook.ts";
import { tokenFor } from "../support/callbacks.ts";
import { bringAll, deliveryOrders, waiting } from "../support/delivery-queue.ts";
import { costOf, countOperations } from "../support/operation-count.ts";
import { published, subscribed } from "../support/subscribers.ts";
import { readTask, snapshotOf, submitted, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

const db = newTestFirestore();
afterAll(() => db.terminate());

function report(deps: TestDeps, id: string, body: object) {
  const token = tokenFor(deps.keys, id);
  const bytes = Buffer.from(JSON.stringify({ correlationId: id, ...body }));
  return receiveCallback(deps, { method: "POST", path: `/${id}`, token, contentType: "application/json", body: bytes });
}

/** `{seq or event id} → {webhook or "callback"}` of each first attempt that waits. */
function ordered(deps: TestDeps): string[] {
  const targets = deliveryOrders(deps).map(({ source, webhookId, attempt }) => {
    return `${"seq" in source ? source.seq : source.event} → ${webhookId ?? "callback"}, attempt ${attempt}`;
  });
  return targets.sort();
}

/** A task that has gone through progress to its end, and the documents before and after each of its writes. */
async function finishedTask(deps: TestDeps, parts: Parameters<typeof submitted>[1]) {
  const id = await submitted(deps, parts);
  const states = [await snapshotOf(deps, id)];
  for (const body of [
    { status: "progress", progress: 0.3 },
    { status: "progress", progress: 0.8 },
    { status: "success", resultUrl: "https://cdn.example.com/a.mp4" },
  ]) {
    await report(deps, id, body);
    states.push(await snapshotOf(deps, id));
  }
  return { id, states, seqs: (await readTask(deps, id)).history.map(({ seq }) => seq) };
}

test("every entry of a task's log goes to its callback URL and to each matching webhook of its owner, and to nobody else", async () => {
  const deps = createTestDeps(db);
  const ownerId = randomUUID();
  const all = await subscribed(deps, { ownerId, events: ["*"] });
  const ends = await subscribed(deps, { ownerId, events: ["task.completed", "task.failed"] });
  const prefix = await subscribed(deps, { ownerId, events: ["task.*", "task.completed"] });
  await subscribed(deps, { ownerId, events: ["job.*", "task", "tas.*", "task.complete"] });
  await subscribed(deps, { events: ["*"] });
  const { states, seqs } = await finishedTask(deps, { ownerId, callbackUrl: "http://127.0.0.1:9/callback" });
  for (const [index, after] of states.entries()) await deriveConsequences(deps, states[index - 1], after);

  expect(seqs).toEqual(expect.arrayContaining([2, 4, 5]));
  const last = Math.max(...seqs);
  const expected = seqs.flatMap((seq) => ["callback", all.id, prefix.id].map((to) => `${seq} → ${to}, attempt 1`));
  expect(ordered(deps)).toEqual([...expected, `${last} → ${ends.id}, attempt 1`].sort());
});

test("a task without a callback URL goes to webhooks alone", async () => {
  const deps = createTestDeps(db);
  const { id: webhookId, ownerId } = await subscribed(deps);
  const id = await submitted(deps, { ownerId });
  const before = await trigger(deps, id);
  expect(ordered(deps)).toEqual([]);
  await cancelTask(deps, { ownerId, admin: false }, id);
  await trigger(deps, id, before);
  expect(ordered(deps)).toEqual([`5 → ${webhookId}, attempt 1`]);
});

test("a webhook hears of nothing that happened before it was made", async () => {
  const deps = createTestDeps(db);
  const ownerId = randomUUID();
  const { states, seqs } = await finishedTask(deps, { ownerId });
  const webhook = await subscribed(deps, { ownerId });
  await deriveConsequences(deps, states.at(-2), states.at(-1));
  expect(seqs.length).toBeGreaterThan(1);
  expect(ordered(deps)).toEqual([`5 → ${webhook.id}, attempt 1`]);
});

test("what is triggered twice, out of order, is published once", async () => {
  const deps = createTestDeps(db);
  const { ownerId } = await subscribed(deps);
  const { states, seqs } = await finishedTask(deps, { ownerId, callbackUrl: "http://127.0.0.1:9/callback" });
  const writes = states.map((after, index) => [states[index - 1], after] as const);
  for (const [before, after] of [...writes.toReversed(), ...writes]) await deriveConsequences(deps, before, after);
  expect(ordered(deps)).toHaveLength(2 * seqs.length);
  expect(new Set(ordered(deps)).size).toBe(2 * seqs.length);
});

test("an application event goes to each matching webhook of its owner, once, and to nobody else", async () => {
  const deps = createTestDeps(db);
  const ownerId = randomUUID();
  const wanting = await subscribed(deps, { ownerId, events: ["request.*"] });
  await subscribed(deps, { ownerId, events: ["invoice.*"] });
  await subscribed(deps, { events: ["request.*"] });
  const event = await published(deps, ownerId, { type: "request.created" });
  await publishApplicationEvent(deps, event);
  expect(ordered(deps)).toEqual([`${event.id} → ${wanting.id}, attempt 1`]);
});

test("an event with an id that was used is the same event, or refused", async () => {
  const deps = createTestDeps(db);
  const event = { id: `evt_${randomUUID()}`, ownerId: "o", type: "request.created", payload: { list: [[1], [2]] } };
  const stored = await publishEvent(deps, event);
  deps.advance(5_000);
  expect(await publishEvent(deps, event)).toEqual(stored);
  const other = publishEvent(deps, { ...event, payload: { list: [] } });
  await expect(other).rejects.toMatchObject({ code: "idempotency_key_reused", status: 409 });
});

test("a webhook that was made, changed or deleted counts within 10 s", async () => {
  const deps = createTestDeps(db);
  const ownerId = randomUUID();
  const countOf = async () => {
    const before = waiting(deps).length;
    await published(deps, ownerId);
    return waiting(deps).length - before;
  };
  expect(await countOf()).toBe(0);
  const { id } = await subscribed(deps, { ownerId });
  deps.advance(10_000);
  expect(await countOf()).toBe(1);
  await webhooks(db)
    .doc(id)
    .update({ events: ["invoice.*"] });
  deps.advance(10_000);
  expect(await countOf()).toBe(0);
  await webhooks(db)
    .doc(id)
    .update({ events: ["request.*"] });
  deps.advance(10_000);
  expect(await countOf()).toBe(1);
  await webhooks(db).doc(id).delete();
  deps.advance(10_000);
  expect(await countOf()).toBe(0);
});

test("publishing many events at once reads the owner's webhooks once", async () => {
  const { db: counted, count } = countOperations(db);
  const deps = createTestDeps(counted);
  const { ownerId } = await subscribed(deps);
  const event = await publishEvent(deps, { id: `evt_${randomUUID()}`, ownerId, type: "a.b", payload: {} });
  const many = Array.from({ length: 20 }, (_, n) => ({ ...event, id: `evt_${n}` }));
  const cost = await costOf(count, () => Promise.all(many.map((one) => publishApplicationEvent(deps, one))));
  expect(cost).toEqual({ reads: 1, writes: 0, deletes: 0, refused: 0, requests: 1 });
  expect(waiting(deps)).toHaveLength(20);
});

test.each(["predict", "task-service"])(
  "the format %s sends nothing for an event it has no shape for, and leaves nothing behind",
  async (format) => {
    const deps = createTestDeps(db);
    const webhook = await subscribed(deps, { format });
    await published(deps, webhook.ownerId);
    expect(waiting(deps)).toHaveLength(1);
    await bringAll(deps);
    expect(waiting(deps)).toEqual([]);
    expect((await deliveries(db).where("webhookId", "==", webhook.id).get()).size).toBe(0);
    expect(deps.logged.filter(({ level }) => level === "error")).toEqual([]);
  },
);
