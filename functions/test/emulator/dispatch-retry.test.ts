import { dispatched, dispatchNext, lastOrder, queuedTask } from "../support/dispatching.ts";
import { type Answer, startService } from "../support/recording-service.ts";
import { readTask } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const deps = createTestDeps(db);
afterAll(() => db.terminate());

test.each([408, 425, 429, 500, 502, 503, 504, 599])(
  "after %i the call is made again, after 1, 2 and 4 s",
  async (status) => {
    const service = await startService((_call, n) => (n <= 3 ? { status, body: `busy ${n}` } : { status: 202 }));
    const id = await queuedTask(deps, service.url);
    for (const [retry, seconds] of [1, 2, 4].entries()) {
      const task = await dispatchNext(deps, id);
      const attempt = task.attempts[retry];
      expect(task).toMatchObject({ status: "pending", error: null, errorCode: null, history: [] });
      expect(task.attempts).toHaveLength(retry + 1);
      expect(attempt).toMatchObject({ number: retry + 1, statusCode: status });
      expect(attempt?.error).toBe(`The service answered ${status}: busy ${retry + 1}`);
      const startedAt = attempt?.at.toMillis() ?? 0;
      expect(task.nextAttemptAt).toBeGreaterThanOrEqual(startedAt + seconds * 1_000);
      expect(task.nextAttemptAt).toBeLessThanOrEqual(startedAt + (attempt?.durationMs ?? 0) + seconds * 1_000);
      expect(lastOrder(deps, id)).toEqual({ correlationId: id, attempt: retry + 2, runAt: task.nextAttemptAt });
    }
    const task = await dispatchNext(deps, id);
    expect(task.status).toBe("initiated");
    expect(task.attempts.map(({ number, statusCode }) => [number, statusCode])).toEqual([
      ...[1, 2, 3].map((number) => [number, status]),
      [4, 202],
    ]);
    expect(new Set(service.calls.map(({ headers }) => headers["idempotency-key"]))).toEqual(new Set([id]));
    expect(new Set(service.calls.map(({ text }) => text)).size).toBe(1);
  },
);

test("after the last retry the task has failed, with the last answer", async () => {
  const service = await startService((_call, n) => ({ status: 503, body: `busy ${n}` }));
  const id = await queuedTask(deps, service.url);
  for (let call = 1; call <= 3; call += 1) expect(await dispatchNext(deps, id)).toMatchObject({ status: "pending" });
  const task = await dispatchNext(deps, id);
  expect(task).toMatchObject({
    status: "failed",
    errorCode: "http_503",
    error: "The service answered 503: busy 4",
    history: [{ seq: 5, type: "task.failed", status: "failed" }],
  });
  expect(task.attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  expect(deps.queued.filter(({ data }) => data.correlationId === id)).toHaveLength(4);
});

test("what is queued is the task's id and the number of the call, and nothing else", async () => {
  const service = await startService(() => ({ status: 503 }));
  const { correlationId } = await dispatched(deps, service.url, {
    worker: { url: service.url, auth: "Bearer abcdefgh" },
  });
  const queued = deps.queued.filter(({ data }) => data.correlationId === correlationId);
  expect(queued).toEqual([
    { queue: "dispatchTask", id: `${correlationId}-1`, data: { correlationId, attempt: 1 }, runAt: expect.any(Number) },
    { queue: "dispatchTask", id: `${correlationId}-2`, data: { correlationId, attempt: 2 }, runAt: expect.any(Number) },
  ]);
});

const broken: [string, Answer][] = [
  ["a connection that is cut", { hangUp: true }],
  ["a time-out", { until: new Promise(() => undefined) }],
];

test.each(broken)("%s is tried again", async (_what, answer) => {
  const impatient = createTestDeps(db, { keys: deps.keys }, { WEBHOOK_TIMEOUT: "1" });
  const service = await startService((_call, n) => (n === 1 ? answer : {}));
  const id = await queuedTask(impatient, service.url);
  const first = await dispatchNext(impatient, id);
  expect(first).toMatchObject({ status: "pending", attempts: [{ number: 1, statusCode: null }] });
  expect(first.attempts[0]?.error).toMatch(
    /127\.0\.0\.1 (closed the connection|did not answer completely within 1000 ms)/,
  );
  expect(await dispatchNext(impatient, id)).toMatchObject({ status: "initiated" });
});

test("a service that is never there fails the task after the last retry", async () => {
  const id = await queuedTask(deps, "http://127.0.0.1:9/");
  for (let call = 1; call <= 3; call += 1) await dispatchNext(deps, id);
  const task = await dispatchNext(deps, id);
  expect(task).toMatchObject({ status: "failed", errorCode: "connection_failed" });
  expect(task.error).toContain("127.0.0.1 refused the connection");
  expect(task.attempts.map(({ statusCode }) => statusCode)).toEqual([null, null, null, null]);
});

test.each([429, 503])(
  "after %i with Retry-After in seconds the call waits that long, and no shorter than the backoff",
  async (status) => {
    const service = await startService((_call, n) => ({ status, headers: { "retry-after": n === 1 ? "30" : "0" } }));
    const id = await queuedTask(deps, service.url);
    const [long, short] = [await dispatchNext(deps, id), await dispatchNext(deps, id)];
    expectWait(long, 30_000);
    expectWait(short, 2_000);
  },
);

test("Retry-After counts as an HTTP date too", async () => {
  const date = new Date(deps.now() + 90_000).toUTCString();
  const service = await startService(() => ({ status: 503, headers: { "retry-after": date } }));
  const task = await dispatched(deps, service.url);
  // HTTP dates have whole seconds.
  expect(task.nextAttemptAt).toBeGreaterThanOrEqual(Date.parse(date));
  expect(task.nextAttemptAt).toBeLessThanOrEqual(Date.parse(date) + (task.attempts[0]?.durationMs ?? 0));
});

test("a Retry-After that cannot be read is as none", async () => {
  const service = await startService(() => ({ status: 503, headers: { "retry-after": "soon" } }));
  expectWait(await dispatched(deps, service.url), 1_000);
});

test("a service that asks to wait beyond the deadline lets the task expire", async () => {
  const service = await startService(() => ({ status: 503, headers: { "retry-after": "3600" } }));
  const id = await queuedTask(deps, service.url);
  expectWait(await dispatchNext(deps, id), 3_600_000);
  expect(await readTask(deps, id)).toMatchObject({ status: "pending" });
  expect(await dispatchNext(deps, id)).toMatchObject({
    status: "expired",
    error: "No callback came within 300 s.",
    attempts: [{ number: 1 }],
  });
  expect(service.calls).toHaveLength(1);
});

test("a service's own retry policy counts before the configured one", async () => {
  const service = await startService(() => ({ status: 500 }));
  const registered = { url: service.url, maxRetries: 1, retryDelaySeconds: 7 };
  await db.doc("services/own-policy").set(registered);
  const id = await queuedTask(deps, service.url, { worker: { service: "own-policy" } });
  expectWait(await dispatchNext(deps, id), 7_000);
  expect(await dispatchNext(deps, id)).toMatchObject({ status: "failed", errorCode: "http_500" });
});

test("the configured policy counts otherwise", async () => {
  const env = { WEBHOOK_MAX_RETRIES: "1", WEBHOOK_RETRY_DELAY: "0.5" };
  const configured = createTestDeps(db, { keys: deps.keys }, env);
  const service = await startService(() => ({ status: 500 }));
  const id = await queuedTask(configured, service.url);
  expectWait(await dispatchNext(configured, id), 500);
  expect(await dispatchNext(configured, id)).toMatchObject({ status: "failed" });
});

/** The next call is due so many milliseconds after the last one's answer. */
function expectWait(task: Awaited<ReturnType<typeof dispatchNext>>, ms: number) {
  const last = task.attempts.at(-1);
  const startedAt = last?.at.toMillis() ?? 0;
  expect(task.nextAttemptAt).toBeGreaterThanOrEqual(startedAt + ms);
  expect(task.nextAttemptAt).toBeLessThanOrEqual(startedAt + (last?.durationMs ?? 0) + ms);
}
