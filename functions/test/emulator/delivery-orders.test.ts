import { carryOut } from "../../src/webhooks/carry-out.ts";
import type { DeliveryOrder } from "../../src/webhooks/delivery.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
beforeEach(() => {
  deps.logged.length = 0;
});
afterAll(() => deps.db.terminate());

const errors = () => deps.logged.filter(({ level }) => level === "error");
const order: DeliveryOrder = { source: { event: "evt_none" }, webhookId: "none", attempt: 1 };

test.each([
  ["nothing", null],
  ["an order without an attempt", { deliver: { ...order, attempt: undefined } }],
  ["an order for attempt 0", { deliver: { ...order, attempt: 0 } }],
  ["an order for nobody", { deliver: { ...order, webhookId: "" } }],
  ["an order of no event", { deliver: { ...order, source: {} } }],
  ["a page of no replay", { replay: { page: 0 } }],
])("%s is dropped, so that the queue does not bring it for ever", async (_what, data) => {
  await carryOut(deps, data);
  expect(errors()).toHaveLength(1);
});

test.each([
  ["for a webhook", { deliver: order }],
  ["for a task's own callback URL", { deliver: { source: { task: "none", seq: 1 }, webhookId: null, attempt: 1 } }],
])("an order %s of what is not there any more is carried out, and does nothing", async (_what, data) => {
  await carryOut(deps, data);
  expect(errors()).toEqual([]);
  expect(deps.logged).toMatchObject([{ message: "deliver: nothing to do" }]);
});

test.each([
  ["waits for the next hour", { deliver: { ...order, waitUntil: Date.now() + 60_000 } }],
  ["is for the second attempt before the first", { deliver: { ...order, attempt: 2 } }],
  ["is for a replay that is not stored yet", { replay: { replayId: "none", page: 0 } }],
])("an order that %s is refused, so that the queue brings it again", async (_what, data) => {
  await expect(carryOut(deps, data)).rejects.toMatchObject({ code: "too_early", status: 503, retryable: true });
});
