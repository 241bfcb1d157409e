import type { OutboundResponse } from "../../src/platform/outbound-http.ts";
import { deliverWebhook } from "../../src/webhooks/deliver.ts";
import { advanceTo, bringAll, bringDue, waiting } from "../support/delivery-queue.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { emptyAnswer, orderOf, readDelivery, sentTo, subscriberSecret } from "../support/subscribers.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const receiver = receiverOfFile({ secret: subscriberSecret });
afterAll(() => db.terminate());

test("an order that comes before its time is not carried out, and is to be brought again", async () => {
  const deps = createTestDeps(db);
  const { webhook, event, order } = await sentTo(deps, `${receiver.url}/status/500?times=1`, { format: "morag" });
  await bringDue(deps);
  const second = deliverWebhook(deps, orderOf(event, webhook, 2));
  await expect(second).rejects.toMatchObject({ code: "too_early", retryable: true });
  expect(receiver.received()).toHaveLength(1);
  advanceTo(deps, waiting(deps)[0]?.runAt ?? 0);
  await deliverWebhook(deps, orderOf(event, webhook, 2));
  expect(await readDelivery(deps, order)).toMatchObject({ status: "delivered" });
});

test("an order for the attempt after one that is not on record is to be brought again", async () => {
  const deps = createTestDeps(db);
  const { webhook, event } = await sentTo(deps, `${receiver.url}/status/500?times=1`);
  const second = deliverWebhook(deps, orderOf(event, webhook, 2));
  await expect(second).rejects.toMatchObject({ code: "too_early", retryable: true });
  await bringDue(deps);
  const third = deliverWebhook(deps, orderOf(event, webhook, 3));
  await expect(third).rejects.toMatchObject({ code: "too_early", retryable: true });
  expect(receiver.received()).toHaveLength(1);
});

test("orders that were carried out, or have nothing to deliver, do nothing", async () => {
  const deps = createTestDeps(db);
  const { webhook, event, order } = await sentTo(deps, `${receiver.url}/status/500?times=1`);
  await bringDue(deps);
  await deliverWebhook(deps, order);
  await bringAll(deps);
  const before = await readDelivery(deps, order);
  for (const attempt of [1, 2, 3]) await deliverWebhook(deps, orderOf(event, webhook, attempt));
  await deliverWebhook(deps, orderOf({ id: "evt_never" }, webhook));
  await deliverWebhook(deps, { source: { task: "never", seq: 1 }, webhookId: null, attempt: 1 });
  await deliverWebhook(deps, { source: { task: await submitted(deps), seq: 5 }, webhookId: null, attempt: 1 });
  expect(receiver.received()).toHaveLength(2);
  expect(await readDelivery(deps, order)).toEqual(before);
});

test("two equal orders at once are one attempt on record, and the delivery goes on", async () => {
  const { send } = createTestDeps(db);
  const pairs = inPairs();
  const deps = createTestDeps(db, { send: async (request) => pairs().then(() => send(request)) });
  const { webhook, event, order } = await sentTo(deps, `${receiver.url}/status/500?times=4`, { format: "morag" });
  await Promise.all([deliverWebhook(deps, order), deliverWebhook(deps, order)]);
  expect((await readDelivery(deps, order))?.attempts).toMatchObject([{ number: 1, statusCode: 500 }]);
  expect(waiting(deps).map(({ data }) => data)).toEqual([{ deliver: order }, { deliver: orderOf(event, webhook, 2) }]);
  advanceTo(deps, (await readDelivery(deps, order))?.nextAttemptAt ?? 0);
  const again = orderOf(event, webhook, 2);
  await Promise.all([deliverWebhook(deps, again), deliverWebhook(deps, again)]);
  expect((await readDelivery(deps, order))?.attempts.map(({ number }) => number)).toEqual([1, 2]);
  await bringAll({ ...deps, send });
  const delivery = await readDelivery(deps, order);
  expect(delivery?.status).toBe("delivered");
  expect(delivery?.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(receiver.received()).toHaveLength(5);
});

/** Each who comes waits for the next one, so that both of a pair have found what neither has changed yet. */
function inPairs(): () => Promise<void> {
  let first: (() => void) | undefined;
  return async () => {
    if (first === undefined) return await new Promise((resolve) => (first = resolve));
    first();
    first = undefined;
  };
}

test.each([1, 2])("of two equal orders for attempt %i, the later record does not undo the earlier", async (attempt) => {
  const answers: ((status: number) => void)[] = [];
  const send = () =>
    new Promise<OutboundResponse>((resolve) => {
      answers.push((status) => resolve({ ...emptyAnswer, status }));
    });
  const failing = createTestDeps(db, { send: async () => ({ ...emptyAnswer, status: 500 }) });
  const { webhook, event, order } = await sentTo(failing, `${receiver.url}/unused`, { format: "morag" });
  if (attempt === 2) await bringDue(failing);
  const deps = createTestDeps(db, { send, keys: failing.keys });
  deps.advance(10_000);
  const both = [1, 2].map(() => deliverWebhook(deps, orderOf(event, webhook, attempt)));
  while (answers.length < 2) await new Promise(setImmediate);
  answers[0]?.(200);
  await Promise.race(both);
  answers[1]?.(500);
  await Promise.all(both);
  const delivery = await readDelivery(deps, order);
  expect(delivery?.status).toBe("delivered");
  expect(delivery?.attempts.map(({ statusCode }) => statusCode)).toEqual([500, 200].slice(2 - attempt));
});
