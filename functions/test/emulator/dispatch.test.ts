import { Webhook } from "standardwebhooks";
import { verifyCallbackToken } from "../../src/domain/callback-token.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { dispatched, dispatchNext, lastOrder, queuedTask } from "../support/dispatching.ts";
import { startService } from "../support/recording-service.ts";
import { readTask } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const deps = createTestDeps(db);
afterAll(() => db.terminate());

test("the request to the service is that of the contract, to the letter", async () => {
  const service = await startService(() => ({}));
  const { correlationId, ...task } = await dispatched(deps, service.url, {
    worker: { url: `${service.url}?v=1`, auth: "Bearer key-of-the-service" },
    objectId: "task-9",
    assistantId: "assistant-1",
    params: { size: "4k", seed: 7 },
    metadata: { title: "Ä 漢 😀", list: [1, null] },
  });

  const [call] = service.calls;
  expect(service.calls).toHaveLength(1);
  expect(call?.method).toBe("POST");
  expect(call?.path).toBe("/jobs?v=1");
  expect(call?.headers).toMatchObject({
    "content-type": "application/json",
    authorization: "Bearer key-of-the-service",
    "idempotency-key": correlationId,
    "content-length": String(Buffer.byteLength(call?.text ?? "")),
  });
  expect(Object.keys(call?.headers ?? {}).filter((name) => name.startsWith("webhook-"))).toEqual([]);
  const callbackUrl = String(call?.body.callbackUrl);
  expect(call?.body).toEqual({
    size: "4k",
    seed: 7,
    correlationId,
    callbackUrl,
    prompt: "A lighthouse at dusk",
    taskId: "task-9",
    userId: "user-1",
    projectId: "project-1",
    assistantId: "assistant-1",
    metadata: { title: "Ä 漢 😀", list: [1, null] },
  });
  const { origin, pathname, searchParams } = new URL(callbackUrl);
  expect(origin + pathname).toBe(`${deps.config.callbackBaseUrl}/webhookCallback/${correlationId}`);
  expect(verifyCallbackToken(deps.keys, correlationId, searchParams.get("token") ?? "")).toEqual({
    correlationId,
    provider: "generic",
    eventPrefix: "task",
    createdAt: task.createdAt.toMillis(),
  });
  expect(task.status).toBe("initiated");
});

test("without a credential there is no Authorization, and a task without a document is called by its correlation id", async () => {
  const service = await startService(() => ({}));
  const { correlationId } = await dispatched(deps, service.url, { userId: null, projectId: null });
  const [call] = service.calls;
  expect(call?.headers).not.toHaveProperty("authorization");
  expect(call?.body).toMatchObject({ taskId: correlationId, userId: null, projectId: null, assistantId: null });
});

test("a param overwrites none of our own fields, and the callback URL of the configuration counts", async () => {
  const ours = "correlationId callbackUrl prompt taskId userId projectId assistantId metadata".split(" ");
  const hostile = Object.fromEntries(ours.map((name) => [name, "hostile"]));
  const elsewhere = createTestDeps(db, { keys: deps.keys }, { CALLBACK_BASE_URL: "https://hooks.example.com/b/" });
  const service = await startService(() => ({}));
  const { correlationId } = await dispatched(elsewhere, service.url, { params: { ...hostile, own: 1 } });
  const [call] = service.calls;
  expect(Object.keys(call?.body ?? {}).sort()).toEqual([...ours, "own"].sort());
  expect(call?.text).not.toContain("hostile");
  expect(call?.body.callbackUrl).toMatch(`https://hooks.example.com/b/webhookCallback/${correlationId}?token=`);
});

test("a service with a secret gets a signed request", async () => {
  const service = await startService(() => ({}));
  const secret = `whsec_${Buffer.from("a secret of the service").toString("base64")}`;
  await db.doc("services/signed").set({ url: service.url, sealedSecret: deps.keys.seal(secret) });
  const task = await dispatched(deps, service.url, { worker: { service: "signed" } });
  const [call] = service.calls;
  expect(call?.headers["webhook-id"]).toBe(task.correlationId);
  const headers = Object.entries(call?.headers ?? {}).map(([name, value]) => [name, String(value)]);
  expect(() => new Webhook(secret).verify(call?.text ?? "", Object.fromEntries(headers))).not.toThrow();
});

const promise = { externalId: "job-7", estimatedCompletion: "2026-01-01T00:05:00Z" };
const nothing = { externalId: null, estimatedCompletion: null };
const large = { ...promise, log: "x".repeat(1_024 * 1_024) };
const acknowledgements: [string, number, unknown, object][] = [
  ["200 with JSON", 200, promise, promise],
  ["201 with an id and a number of seconds", 201, { id: 17, estimatedCompletion: 90 }, { externalId: "17" }],
  ["202 with jobId", 202, { jobId: "j-1" }, { externalId: "j-1", estimatedCompletion: null }],
  ["202 with 1 MB of JSON", 202, large, promise],
  ["202 with 10 MB of text", 202, "x".repeat(10 * 1_024 * 1_024), nothing],
  ["204 without a body", 204, "", nothing],
  ["200 without a body", 200, "", nothing],
  ["200 with HTML", 200, "<html>OK</html>", nothing],
  ["202 with JSON that is no object", 202, "[1]", nothing],
  ["202 with broken JSON", 202, '{"externalId": ', nothing],
  ["299", 299, promise, promise],
];

test.each(acknowledgements)("an acknowledgement with %s initiates the task", async (_what, status, body, expected) => {
  const service = await startService(() => ({ status, body }));
  const task = await dispatched(deps, service.url);
  expect(task).toMatchObject({ ...expected, status: "initiated", error: null, errorCode: null, result: null });
  const [attempt] = task.attempts;
  expect(task.attempts).toEqual([
    { number: 1, at: attempt?.at, durationMs: expect.any(Number), statusCode: status, error: null },
  ]);
  expect(task.history).toEqual([{ seq: 1, type: "task.started", at: task.initiatedAt, status: "initiated" }]);
  expect(task.sweepAt).toBe(task.expiresAt);
});

test("a task counts as initiated when the service answered, not when it was called", async () => {
  // The clock stands an hour later once the service has answered.
  const service = await startService(() => ({ until: Promise.resolve(slow.advance(3_600_000)) }));
  const slow = createTestDeps(db, { keys: deps.keys });
  const task = await dispatched(slow, service.url, { timeoutSeconds: 10_000 });
  const [attempt] = task.attempts;
  expect(attempt?.durationMs).toBeGreaterThanOrEqual(3_600_000);
  const acknowledgedAt = (attempt?.at.toMillis() ?? 0) + (attempt?.durationMs ?? 0);
  expect(task.initiatedAt?.toMillis()).toBe(acknowledgedAt);
  expect(task.updatedAt.toMillis()).toBe(acknowledgedAt);
});

test("an order that comes too early goes back to the queue, and nothing is called", async () => {
  const service = await startService(() => ({ status: 503, headers: { "retry-after": "10" } }));
  const id = await queuedTask(deps, service.url);
  await dispatchNext(deps, id);
  const { runAt, ...order } = lastOrder(deps, id);
  await expect(dispatchTask(deps, order)).rejects.toMatchObject({ code: "too_early", retryable: true });
  deps.advance(runAt - deps.now() - 1_000);
  await expect(dispatchTask(deps, order)).rejects.toMatchObject({ code: "too_early" });
  expect(service.calls).toHaveLength(1);
  deps.advance(1_000);
  await dispatchTask(deps, order);
  expect(service.calls).toHaveLength(2);
});

test("an order that is out of date does nothing", async () => {
  const service = await startService((_call, n) => ({ status: n === 1 ? 503 : 202 }));
  const id = await queuedTask(deps, service.url);
  for (const attempt of [0, 2, 7]) await dispatchTask(deps, { correlationId: id, attempt });
  expect(service.calls).toHaveLength(0);
  await dispatchNext(deps, id);
  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  expect(service.calls).toHaveLength(1);
  const task = await dispatchNext(deps, id);
  for (const attempt of [1, 2, 3]) await dispatchTask(deps, { correlationId: id, attempt });
  expect(service.calls).toHaveLength(2);
  expect(await readTask(deps, id)).toEqual(task);
});

test("a task that expired in the queue is settled as expired, and not called", async () => {
  const service = await startService(() => ({}));
  const id = await queuedTask(deps, service.url, { timeoutSeconds: 5 });
  deps.advance(5_000);
  const task = await dispatchNext(deps, id);
  expect(service.calls).toHaveLength(0);
  expect(task).toMatchObject({ status: "expired", errorCode: "expired", attempts: [] });
  expect(task.error).toBe("No callback came within 5 s. The service was never reached.");
  expect(task.history).toEqual([{ seq: 5, type: "task.failed", at: task.completedAt, status: "expired" }]);
});

test("a cancelled task is not called", async () => {
  const service = await startService(() => ({}));
  const id = await queuedTask(deps, service.url);
  await cancelTask(deps, { ownerId: "owner-1", admin: false }, id);
  expect(await dispatchNext(deps, id)).toMatchObject({ status: "cancelled", attempts: [] });
  expect(service.calls).toHaveLength(0);
});

test("an order for a task that is gone is dropped", async () => {
  await expect(dispatchTask(deps, { correlationId: "never-was", attempt: 1 })).resolves.toBeUndefined();
  expect(deps.logged.at(-1)).toMatchObject({ level: "warn", fields: { correlationId: "never-was" } });
});

test("a task that is deleted during its call stays deleted", async () => {
  const service = await startService((call) => ({
    until: pendingWebhookRef(db, String(call.body.correlationId)).delete(),
  }));
  const id = await queuedTask(deps, service.url);
  const order = { correlationId: id, attempt: 1 };
  // The queue brings the order again where recording fails, and then finds nothing to do.
  await dispatchTask(deps, order).catch(() => dispatchTask(deps, order));
  expect((await pendingWebhookRef(db, id).get()).exists).toBe(false);
  expect(service.calls).toHaveLength(1);
});
