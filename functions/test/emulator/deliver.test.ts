import { Webhook as Verifier } from "standardwebhooks";
import { createOutboundHttp, type OutboundResponse } from "../../src/platform/outbound-http.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { listDeliveries } from "../../src/webhooks/find-deliveries.ts";
import { bringAll, bringDue, waiting } from "../support/delivery-queue.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { emptyAnswer, readDelivery, readWebhook, sentTo, subscriberSecret } from "../support/subscribers.ts";
import { submitted, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const receiver = receiverOfFile({ secret: subscriberSecret });
afterAll(() => db.terminate());

test("a delivery is signed, verified by the receiver, and on record", async () => {
  const deps = createTestDeps(db);
  const { webhook, event, order } = await sentTo(deps, `${receiver.url}/webhook`);
  await bringAll(deps);

  const [request, ...others] = receiver.received();
  expect(others).toEqual([]);
  expect(request).toMatchObject({ verified: true, answered: 200, headers: { "webhook-id": event.id } });
  expect(request?.body).toEqual({
    type: "request.created",
    timestamp: event.createdAt.toDate().toISOString(),
    data: { request_id: "r-1" },
  });
  const delivery = await readDelivery(deps, order);
  expect(delivery).toMatchObject({
    eventId: event.id,
    eventType: "request.created",
    ownerId: webhook.ownerId,
    webhookId: webhook.id,
    taskId: null,
    url: webhook.url,
    format: "standard",
    body: request?.rawBody,
    status: "delivered",
    nextAttemptAt: null,
  });
  expect(delivery?.attempts).toEqual([
    {
      number: 1,
      at: delivery?.completedAt,
      durationMs: expect.any(Number),
      statusCode: 200,
      error: null,
      fault: null,
      responseBody: expect.stringContaining(`"verified": true`),
    },
  ]);
  expect(delivery).not.toHaveProperty("sweepAt");
  expect(delivery).not.toHaveProperty("sweepShard");
});

test("a task's own callback URL is signed with its owner's secret", async () => {
  const deps = createTestDeps(db);
  const ownerId = "owner-with-callback";
  const id = await submitted(deps, { ownerId, callbackUrl: `${receiver.url}/status/200`, callbackFormat: "predict" });
  const before = await trigger(deps, id);
  await cancelTask(deps, { ownerId, admin: false }, id);
  await trigger(deps, id, before);
  await bringAll(deps);

  const [request] = receiver.received();
  const [secret = ""] = deps.keys.ownerSecrets(ownerId);
  new Verifier(secret).verify(request?.rawBody ?? "", { ...request?.headers });
  expect(request?.headers["x-signature"]).toMatch(/^sha256=[0-9a-f]{64}$/);
  const order = { source: { task: id, seq: 5 }, webhookId: null };
  expect(await readDelivery(deps, order)).toMatchObject({ status: "delivered", taskId: id, webhookId: null, ownerId });
});

test("a subscriber that fails twice, then recovers, gets the same bytes and id thrice, each freshly signed", async () => {
  const deps = createTestDeps(db);
  const { event, order } = await sentTo(deps, `${receiver.url}/status/503?times=2`, { format: "taskflow" });
  const took = await bringAll(deps);

  const requests = receiver.received();
  expect(requests.map(({ answered }) => answered)).toEqual([503, 503, 200]);
  expect(new Set(requests.map(({ rawBody }) => rawBody)).size).toBe(1);
  expect(new Set(requests.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([event.id]));
  expect(new Set(requests.map(({ headers }) => headers["webhook-timestamp"])).size).toBe(3);
  expect(new Set(requests.map(({ headers }) => headers["webhook-signature"])).size).toBe(3);
  const verifier = new Verifier(subscriberSecret);
  for (const { rawBody, headers } of requests) {
    verifier.verify(rawBody, { ...headers });
    expect(() => verifier.verify(`${rawBody} `, { ...headers })).toThrow();
  }
  expect(took).toBeGreaterThanOrEqual(6_000);
  const delivery = await readDelivery(deps, order);
  expect(delivery?.status).toBe("delivered");
  expect(delivery?.attempts).toMatchObject([
    { number: 1, statusCode: 503, error: "It answered 503.", fault: "subscriber" },
    { number: 2, statusCode: 503, error: "It answered 503.", fault: "subscriber" },
    { number: 3, statusCode: 200, error: null, fault: null },
  ]);
});

test("between attempts a delivery is pending, due by the schedule, and the sweep sees it", async () => {
  const deps = createTestDeps(db);
  const { order } = await sentTo(deps, `${receiver.url}/status/500`, { format: "morag" });
  const start = deps.now();
  await bringDue(deps);
  const delivery = await readDelivery(deps, order);
  expect(delivery).toMatchObject({ status: "pending", completedAt: null, sweepShard: expect.any(Number) });
  const due = delivery?.nextAttemptAt ?? 0;
  expect(due - start).toBeGreaterThanOrEqual(5_000);
  expect(due - deps.now()).toBeLessThanOrEqual(5_000);
  expect(delivery?.sweepAt).toBeGreaterThan(due);
  expect(waiting(deps).map(({ runAt }) => runAt)).toEqual([due]);
});

test("a subscriber that always fails is given up after its retries, and listed as a dead letter", async () => {
  const deps = createTestDeps(db);
  const { webhook, order } = await sentTo(deps, `${receiver.url}/status/500`, { retryCount: 2 });
  const took = await bringAll(deps);

  expect(receiver.received()).toHaveLength(3);
  const delivery = await readDelivery(deps, order);
  expect(delivery).toMatchObject({ status: "dead", nextAttemptAt: null });
  expect(delivery).not.toHaveProperty("sweepAt");
  expect(delivery?.attempts.map(({ number, statusCode }) => [number, statusCode])).toEqual([
    [1, 500],
    [2, 500],
    [3, 500],
  ]);
  expect(took).toBeGreaterThanOrEqual((5 + 300) * 1_000);
  expect(took).toBeLessThan((5 + 300) * 1.2 * 1_000 + 5_000);
  const dead = await listDeliveries(deps, { ownerId: webhook.ownerId }, { status: "dead", limit: 20 });
  expect(dead.data.map(({ id }) => id)).toEqual([delivery?.id]);
});

test("a webhook without retries gets one attempt", async () => {
  const deps = createTestDeps(db);
  const { order } = await sentTo(deps, `${receiver.url}/status/500`, { retryCount: 0 });
  await bringAll(deps);
  expect(receiver.received()).toHaveLength(1);
  expect(await readDelivery(deps, order)).toMatchObject({ status: "dead" });
});

const oneRetry = { retryCount: 1 };
test.each([
  ["hangs", "/hang", { ...oneRetry, timeoutSeconds: 0.2 }, null, /did not answer completely within 200 ms/, 2],
  ["redirects", "/redirect", oneRetry, 307, /redirects \(307\), which is not followed/, 2],
  ["closes the socket", "/close", oneRetry, null, /closed the connection/, 2],
  ["refuses the signature", "/webhook", { ...oneRetry, sealedSecrets: [] }, 401, /answered 401/, 2],
  ["answers 410", "/gone", oneRetry, 410, /answered 410/, 1],
] as const)("a subscriber that %s is a failure, on record", async (_what, path, parts, statusCode, error, attempts) => {
  const deps = createTestDeps(db);
  const { order } = await sentTo(deps, `${receiver.url}${path}`, parts);
  await bringAll(deps);
  expect(receiver.received().map((request) => request.path)).toEqual(Array(attempts).fill(path));
  const delivery = await readDelivery(deps, order);
  expect(delivery).toMatchObject({ status: "dead" });
  const record = { statusCode, error: expect.stringMatching(error), fault: "subscriber" };
  expect(delivery?.attempts).toMatchObject(Array(attempts).fill(record));
  for (const { durationMs } of delivery?.attempts ?? []) expect(durationMs).toBeLessThan(5_000);
  if (path === "/hang") expect(delivery?.attempts[0]?.durationMs).toBeGreaterThanOrEqual(190);
});

test.each([
  ["503", "/retry-after/6", 6_000],
  ["429", "/retry-after/6?status=429", 6_000],
  ["500", "/retry-after/6?status=500", 2_000],
])("after %s with Retry-After the next attempt waits for what is longer, where that counts", async (_s, path, wait) => {
  const deps = createTestDeps(db);
  const { order } = await sentTo(deps, `${receiver.url}${path}`, { format: "taskflow" });
  await bringDue(deps);
  const [first] = (await readDelivery(deps, order))?.attempts ?? [];
  const [next] = waiting(deps);
  const waits = (next?.runAt ?? 0) - (first?.at.toMillis() ?? 0);
  expect(waits).toBeGreaterThanOrEqual(wait);
  expect(waits).toBeLessThan(wait + 2_000);
  await bringAll(deps);
  expect(receiver.received().map(({ answered }) => answered)).toEqual([Number(_s), 200]);
});

test("no Retry-After puts an attempt off longer than the queue can hold it", async () => {
  const far = createTestDeps(db, {
    send: async () => ({ ...emptyAnswer, status: 503, headers: { "retry-after": "99999999" } }),
  });
  await sentTo(far, `${receiver.url}/webhook`);
  await bringDue(far);
  const [next] = waiting(far);
  expect(next?.runAt).toBeLessThan(far.now() + 30 * 24 * 3_600_000);
  expect(next?.runAt).toBeGreaterThan(far.now() + 28 * 24 * 3_600_000);
});

test("of an answer of 5 MB, 64 KiB are read and 1 KiB is kept", async () => {
  const answers: OutboundResponse[] = [];
  const send = createOutboundHttp({ allowInsecure: true, allowedHosts: [] });
  const recorded = async (...args: Parameters<typeof send>) => {
    const answer = await send(...args);
    answers.push(answer);
    return answer;
  };
  const deps = createTestDeps(db, { send: recorded });
  const { order } = await sentTo(deps, `${receiver.url}/big`);
  await bringAll(deps);
  send.close();
  expect(answers.map(({ body, truncated }) => [body.length, truncated])).toEqual([[65_536, true]]);
  const delivery = await readDelivery(deps, order);
  expect(delivery?.status).toBe("delivered");
  expect(delivery?.attempts[0]?.responseBody).toBe("x".repeat(1_024));
});

test("a kept answer ends with a whole character", async () => {
  const body = Buffer.from(`${"x".repeat(1_023)}ü`);
  const deps = createTestDeps(db, { send: async () => ({ ...emptyAnswer, body }) });
  const { order } = await sentTo(deps, `${receiver.url}/webhook`);
  await bringAll(deps);
  expect((await readDelivery(deps, order))?.attempts[0]?.responseBody).toBe("x".repeat(1_023));
});

test("a private address is refused in production: dead at once, saying why", async () => {
  const send = createOutboundHttp({ allowInsecure: false, allowedHosts: [] });
  const deps = createTestDeps(db, { send });
  const { order } = await sentTo(deps, "https://10.0.0.1/hook?key=hidden");
  await bringAll(deps);
  send.close();
  const delivery = await readDelivery(deps, order);
  expect(delivery?.status).toBe("dead");
  const error = "The URL's host 10.0.0.1 is not a public address.";
  expect(delivery?.attempts).toMatchObject([{ number: 1, statusCode: null, error, fault: "subscriber" }]);
});

test("a secret that cannot be decrypted is our fault: tried again, and nothing is sent unsigned", async () => {
  const deps = createTestDeps(db);
  const elsewhere = createTestDeps(db);
  const sealedSecrets = [{ sealed: elsewhere.keys.seal(subscriberSecret), expiresAt: null }];
  const { webhook, order } = await sentTo(deps, `${receiver.url}/webhook`, { sealedSecrets });
  await bringDue(deps);
  const delivery = await readDelivery(deps, order);
  expect(delivery).toMatchObject({ status: "pending" });
  expect(delivery?.attempts).toMatchObject([{ error: expect.stringContaining("cannot be decrypted"), fault: "ours" }]);
  await bringAll(deps);
  expect(receiver.received()).toEqual([]);
  expect(await readWebhook(deps, webhook)).toMatchObject({ failingSince: null, isActive: true });
});
