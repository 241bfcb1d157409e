import { receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { dispatched, lastOrder, queuedTask } from "../support/dispatching.ts";
import { startService } from "../support/recording-service.ts";
import { readTask, snapshotOf, submitted, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const deps = createTestDeps(db);
afterAll(() => db.terminate());

test("a callback that is faster than its acknowledgement stands", async () => {
  const service = await startService((call) => ({ until: callBack(call.body), body: { externalId: "late" } }));
  const task = await dispatched(deps, service.url);
  expect(task).toMatchObject({ status: "completed", result: { n: 1 } });
  expect(task.attempts).toMatchObject([{ number: 1, statusCode: 202 }]);
  expect(task.history.map(({ type }) => type)).toEqual(["task.completed"]);
});

test("two dispatches of one order at once are one task to the service, one event, two attempts", async () => {
  const both = Promise.withResolvers<void>();
  const service = await startService((_call, n) => {
    if (n === 2) both.resolve();
    // Apart in time, so that the two records are not one.
    return { until: n === 1 ? both.promise : both.promise.then(() => second) };
  });
  const id = await queuedTask(deps, service.url);
  const order = { correlationId: id, attempt: 1 };
  const runs = [dispatchTask(deps, order), dispatchTask(deps, order)];
  const second = Promise.race(runs).then(() => deps.advance(10));
  await Promise.all(runs);
  const keys = service.calls.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toEqual([id, id]);
  const task = await readTask(deps, id);
  expect(task.status).toBe("initiated");
  expect(task.history.map(({ type }) => type)).toEqual(["task.started"]);
  expect(task.attempts).toMatchObject([
    { number: 1, statusCode: 202 },
    { number: 1, statusCode: 202 },
  ]);
});

test("of two dispatches at once one may fail: the acknowledgement counts, whichever came first", async () => {
  for (const failing of [1, 2]) {
    const both = Promise.withResolvers<void>();
    const service = await startService((_call, n) => {
      if (n === 2) both.resolve();
      return { status: n === failing ? 400 : 202, until: n === 1 ? both.promise : both.promise.then(() => first) };
    });
    const id = await queuedTask(deps, service.url);
    const order = { correlationId: id, attempt: 1 };
    const runs = [dispatchTask(deps, order), dispatchTask(deps, order)];
    const first = Promise.race(runs);
    await Promise.all(runs);
    const task = await readTask(deps, id);
    expect(task.attempts).toHaveLength(2);
    expect(task.status).toBe(failing === 1 ? "failed" : "initiated");
    expect(task.history).toHaveLength(1);
  }
});

test("two failures of one order at once are one retry, as the first of them has it", async () => {
  const both = Promise.withResolvers<void>();
  const service = await startService((_call, n) => {
    if (n === 2) both.resolve();
    const busy = { status: 503, until: n === 1 ? both.promise : both.promise.then(() => first) };
    return n === 1 ? busy : { ...busy, headers: { "retry-after": "100" } };
  });
  const id = await queuedTask(deps, service.url);
  const before = await snapshotOf(deps, id);
  const runs = [1, 2].map(() => dispatchTask(deps, { correlationId: id, attempt: 1 }));
  const first = Promise.race(runs).then(() => deps.advance(10));
  await first;
  const { nextAttemptAt } = await readTask(deps, id);
  await Promise.all(runs);
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "pending", nextAttemptAt });
  expect(task.attempts.map(({ number }) => number)).toEqual([1, 1]);
  await trigger(deps, id, before);
  expect(lastOrder(deps, id)).toEqual({ correlationId: id, attempt: 2, runAt: nextAttemptAt });
});

test("100 calls go over kept-alive connections", async () => {
  const service = await startService(() => ({}));
  const worker = { url: service.url, auth: null };
  const ids = await Promise.all(Array.from({ length: 100 }, () => submitted(deps, { worker })));
  for (let at = 0; at < ids.length; at += 10) {
    await Promise.all(ids.slice(at, at + 10).map((correlationId) => dispatchTask(deps, { correlationId, attempt: 1 })));
  }
  expect(new Set(service.calls.map(({ body }) => body.correlationId))).toEqual(new Set(ids));
  expect(service.calls).toHaveLength(100);
  expect(service.connections()).toBeLessThanOrEqual(20);
  const statuses = await Promise.all(ids.map(async (id) => (await readTask(deps, id)).status));
  expect(statuses).toEqual(Array(100).fill("initiated"));
});

async function callBack(call: Readonly<Record<string, unknown>>) {
  const url = new URL(String(call.callbackUrl));
  const answer = await receiveCallback(deps, {
    method: "POST",
    path: url.pathname.slice(url.pathname.indexOf("/webhookCallback")),
    token: url.searchParams.get("token") ?? undefined,
    contentType: "application/json",
    body: Buffer.from(JSON.stringify({ correlationId: call.correlationId, status: "success", result: { n: 1 } })),
  });
  if (answer.status !== 200) throw new Error(`the callback was answered ${answer.status}`);
}
