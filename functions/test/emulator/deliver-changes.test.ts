import { publishApplicationEvent } from "../../src/webhooks/publish.ts";
import { retryDelivery } from "../../src/webhooks/requeue.ts";
import { webhooks } from "../../src/webhooks/webhook.ts";
import { bringAll, bringDue, waiting } from "../support/delivery-queue.ts";
import { serve } from "../support/outbound-client.ts";
import { receiverOfFile } from "../support/receiver.ts";
import {
  eventsOf,
  published,
  readDelivery,
  readWebhook,
  sentTo,
  subscribed,
  subscriberSecret,
} from "../support/subscribers.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const receiver = receiverOfFile({ secret: subscriberSecret });
afterAll(() => db.terminate());

test("410 disables the webhook, and tells the owner's other webhooks once", async () => {
  const deps = createTestDeps(db);
  const gone = await subscribed(deps, { url: `${receiver.url}/gone` });
  const other = await subscribed(deps, {
    ownerId: gone.ownerId,
    events: ["webhook.*"],
    url: `${receiver.url}/webhook`,
  });
  await subscribed(deps, { events: ["*"], url: `${receiver.url}/webhook?stranger` });
  for (let n = 0; n < 5; n += 1) await published(deps, gone.ownerId);
  await bringDue(deps);

  const reason = "It answered 410 Gone.";
  expect(await readWebhook(deps, gone)).toMatchObject({ isActive: false, disabledReason: reason });
  const told = await eventsOf(deps, gone.ownerId, "webhook.disabled");
  expect(told).toHaveLength(1);
  for (const event of told) await publishApplicationEvent(deps, event);
  receiver.clear();
  await bringAll(deps);
  expect(receiver.received().map(({ path }) => path)).toEqual(["/webhook"]);
  expect(receiver.received()[0]?.body).toMatchObject({
    type: "webhook.disabled",
    data: { webhook_id: gone.id, name: gone.name, url: gone.url, reason },
  });
  expect(await readWebhook(deps, other)).toMatchObject({ isActive: true });
});

test("410 of an address that was changed meanwhile disables nothing", async () => {
  const deps = createTestDeps(db);
  const { webhook } = await sentTo(deps, `${receiver.url}/gone`);
  await deps.webhooks.byId(webhook.id);
  await webhooks(db)
    .doc(webhook.id)
    .update({ url: `${receiver.url}/webhook` });
  await bringDue(deps);
  expect(receiver.received().map(({ answered }) => answered)).toEqual([410]);
  expect(await readWebhook(deps, webhook)).toMatchObject({ isActive: true });
});

test.each([
  ["disabled", "The webhook is disabled.", (id: string) => webhooks(db).doc(id).update({ isActive: false })],
  ["deleted", "The webhook was deleted.", (id: string) => webhooks(db).doc(id).delete()],
])("what is on its way to a webhook that was %s ends as dead, without a request", async (_what, error, change) => {
  const deps = createTestDeps(db);
  const { webhook, order } = await sentTo(deps, `${receiver.url}/status/500`);
  await bringDue(deps);
  await change(webhook.id);
  await bringAll(deps);
  expect(receiver.received()).toHaveLength(1);
  const delivery = await readDelivery(deps, order);
  expect(delivery?.status).toBe("dead");
  expect(delivery?.attempts).toMatchObject([{ statusCode: 500 }, { statusCode: null, error, fault: "subscriber" }]);
});

test("what is published while a webhook is disabled is kept as dead, and sent when that is asked for after it is enabled", async () => {
  const deps = createTestDeps(db);
  const { webhook, order } = await sentTo(deps, `${receiver.url}/webhook`, { isActive: false });
  await bringAll(deps);
  expect(receiver.received()).toEqual([]);
  const dead = await readDelivery(deps, order);
  expect(dead).toMatchObject({ status: "dead", attempts: [{ error: "The webhook is disabled." }] });
  await webhooks(db).doc(webhook.id).update({ isActive: true });
  deps.advance(10_000);
  await retryDelivery(deps, { ownerId: webhook.ownerId, admin: false }, dead?.id ?? "");
  await bringAll(deps);
  expect(receiver.received().map(({ verified }) => verified)).toEqual([true]);
  const attempts = [
    { number: 1, fault: "subscriber" },
    { number: 2, statusCode: 200 },
  ];
  expect(await readDelivery(deps, order)).toMatchObject({ status: "delivered", attempts });
});

test("a webhook that was deleted before the first attempt leaves nothing to deliver", async () => {
  const deps = createTestDeps(db);
  const { webhook, order } = await sentTo(deps, `${receiver.url}/webhook`);
  await webhooks(db).doc(webhook.id).delete();
  await bringAll(deps);
  expect(receiver.received()).toEqual([]);
  expect(await readDelivery(deps, order)).toBeUndefined();
});

test("a changed address counts for what is on its way, and the record says where it went", async () => {
  const deps = createTestDeps(db);
  const { webhook, order } = await sentTo(deps, `${receiver.url}/status/500`, { format: "morag" });
  await bringDue(deps);
  const url = `${receiver.url}/webhook`;
  await webhooks(db).doc(webhook.id).update({ url, format: "slack" });
  await bringAll(deps);
  const [first, second] = receiver.received();
  expect(second).toMatchObject({ path: "/webhook", verified: true, rawBody: first?.rawBody });
  expect(await readDelivery(deps, order)).toMatchObject({ status: "delivered", url, format: "morag" });
});

test.each([
  [400, "invalid_payload", 1, true],
  [403, "action_prohibited", 1, true],
  [404, "channel_not_found", 1, true],
  [410, "channel_is_archived", 1, false],
  [429, "rate_limited", 3, true],
  [500, "rollup_error", 3, true],
])("Slack's %i %s leads to %i attempts", async (status, text, attempts, staysActive) => {
  const deps = createTestDeps(db);
  const bodies: unknown[] = [];
  const { port } = await serve((request, response) => {
    request.setEncoding("utf8").on("data", (chunk: string) => bodies.push(JSON.parse(chunk)));
    request.on("end", () => response.writeHead(status, { "content-type": "text/plain" }).end(text));
  });
  const { webhook, order } = await sentTo(deps, `http://127.0.0.1:${port}/services/T0/B0/X`, {
    format: "slack",
    retryCount: 2,
  });
  await bringAll(deps);
  expect(bodies).toEqual(Array(attempts).fill({ text: expect.stringContaining("request.created") }));
  const delivery = await readDelivery(deps, order);
  expect(delivery?.status).toBe("dead");
  expect(delivery?.attempts).toMatchObject(Array(attempts).fill({ statusCode: status, responseBody: text }));
  expect(await readWebhook(deps, webhook)).toMatchObject({ isActive: staysActive });
});

test("Slack's ok is a delivery", async () => {
  const deps = createTestDeps(db);
  const { port } = await serve((request, response) => request.resume().on("end", () => response.end("ok")));
  const { order } = await sentTo(deps, `http://127.0.0.1:${port}/services/T0/B0/X`, { format: "slack" });
  await bringAll(deps);
  const attempts = [{ statusCode: 200, responseBody: "ok" }];
  expect(await readDelivery(deps, order)).toMatchObject({ status: "delivered", attempts });
  expect(waiting(deps)).toEqual([]);
});
