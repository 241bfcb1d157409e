import { publishApplicationEvent } from "../../src/webhooks/publish.ts";
import { publishEvent } from "../../src/webhooks/publish-event.ts";
import type { Webhook } from "../../src/webhooks/webhook.ts";
import { bring, bringDue, waiting } from "../support/delivery-queue.ts";
import { costOf, countOperations, type OperationCount } from "../support/operation-count.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { subscribed, subscriberSecret } from "../support/subscribers.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const receiver = receiverOfFile({ secret: subscriberSecret });
const numbers: string[] = [];
afterAll(async () => {
  process.stdout.write(`What a delivery costs in Firestore:\n${numbers.join("\n")}\n`);
  await db.terminate();
});

const only = (parts: Partial<OperationCount>) => ({
  reads: 0,
  writes: 0,
  deletes: 0,
  refused: 0,
  requests: 0,
  ...parts,
});

function note(what: string, { reads, writes, requests }: OperationCount): void {
  numbers.push(`  ${what}: ${reads} reads, ${writes} writes, ${requests} requests`);
}

/** What is published to a webhook with that path, and the cost of each step after it. */
async function scene(path: string, parts: Partial<Webhook> = {}) {
  const { db: counted, count } = countOperations(db);
  const deps = createTestDeps(counted);
  const webhook = await subscribed(deps, { url: `${receiver.url}${path}`, format: "morag", ...parts });
  const publish = async () => {
    const id = `evt_${deps.newId()}`;
    const event = await publishEvent(deps, { id, ownerId: webhook.ownerId, type: "a.b", payload: {} });
    return await costOf(count, () => publishApplicationEvent(deps, event));
  };
  const attempt = () => {
    deps.advance(Math.max(0, (waiting(deps)[0]?.runAt ?? 0) - deps.now()));
    return costOf(count, () => bringDue(deps));
  };
  return { publish, attempt };
}

test("publishing reads the owner's webhooks, once in 5 s, and writes nothing", async () => {
  const { publish } = await scene("/status/200");
  const first = await publish();
  note("publishing, first", first);
  expect(first).toEqual(only({ reads: 1, requests: 1 }));
  const second = await publish();
  note("publishing, within 5 s", second);
  expect(second).toEqual(only({}));
});

test("a delivery at first costs one write, and one read of two documents beside what is kept for a while", async () => {
  const { publish, attempt } = await scene("/status/200");
  await publish();
  const first = await attempt();
  note("first attempt, delivered, the webhook not yet read", first);
  // The webhook, and how much it had this hour; the event and the delivery's absence.
  expect(first).toEqual(only({ reads: 3, writes: 1, requests: 4 }));
  await publish();
  const second = await attempt();
  note("first attempt, delivered, the webhook known", second);
  expect(second).toEqual(only({ reads: 2, writes: 1, requests: 2 }));
});

test("a failure costs one write too, and one more where it is the first", async () => {
  const { publish, attempt } = await scene("/status/500", { retryCount: 0 });
  await publish();
  const turn = await attempt();
  note("first attempt, failed, where all was well before", turn);
  expect(turn).toMatchObject({ writes: 2, refused: 0 });
  await publish();
  expect(await attempt()).toEqual(only({ reads: 2, writes: 1, requests: 2 }));
});

test("a retry costs one read and one write", async () => {
  const { publish, attempt } = await scene("/status/500", { retryCount: 2 });
  await publish();
  await attempt();
  const retry = await attempt();
  note("retry, failed, the webhook read anew", retry);
  expect(retry).toEqual(only({ reads: 2, writes: 1, requests: 3 }));
  const last = await attempt();
  note("last retry, failed", last);
  expect(last.writes).toBe(1);
});

test("an order that was carried out costs reads alone, and a second one of two at once a refused write", async () => {
  const { db: counted, count } = countOperations(db);
  const deps = createTestDeps(counted);
  const webhook = await subscribed(deps, { url: `${receiver.url}/status/200` });
  const event = await publishEvent(deps, {
    id: `evt_${deps.newId()}`,
    ownerId: webhook.ownerId,
    type: "a.b",
    payload: {},
  });
  await publishApplicationEvent(deps, event);
  const [task] = waiting(deps);
  expect(task).toBeDefined();
  if (task === undefined) return;
  const cost = await costOf(count, () => Promise.all([bring(deps, task), bring(deps, task)]));
  expect(cost).toMatchObject({ writes: 1, refused: 1 });
  const again = await costOf(count, () => bring(deps, task));
  note("an order that was carried out", again);
  expect(again).toEqual(only({ reads: 2, requests: 1 }));
});
