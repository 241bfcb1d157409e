import { parseKeys } from "../../src/domain/keys.ts";
import { createCallbackFunction, reportOf, successOf } from "../support/callback-function.ts";
import { keptCallbacks, tokenFor } from "../support/callbacks.ts";
import type { ProductionRuntime } from "../support/production-runtime.ts";
import { expireAll } from "../support/task-ends.ts";
import { readTask, submitted } from "../support/tasks.ts";
import { newTestFirestore } from "../support/test-deps.ts";

// What the contract's table says of callbacks that are what they should be, and of failures of our own, over HTTP on the
// runtime that production has. What is refused: callback-refusals.test.ts.

const service = createCallbackFunction(newTestFirestore());
const { deps, send } = service;

let first: ProductionRuntime;
beforeAll(async () => {
  first = await service.start();
}, 60_000);
afterAll(() => service.stop());

test("a success is accepted with exactly the documented body, and completes the task", async () => {
  const id = await submitted(deps);
  const answer = await send(id, successOf(id));
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({ received: true, status: "completed" });
  expect(await readTask(deps, id)).toMatchObject({
    status: "completed",
    progress: 1,
    resultUrl: "https://cdn.example.com/a.mp4",
    resultMetadata: { a: 1 },
    error: null,
  });
});

test("an error is accepted, and fails the task with the service's own words", async () => {
  const id = await submitted(deps);
  const answer = await send(id, reportOf(id, { status: "error", error: "out of memory" }));
  expect([answer.status, answer.json]).toEqual([200, { received: true, status: "failed" }]);
  expect(await readTask(deps, id)).toMatchObject({
    status: "failed",
    error: "out of memory",
    errorCode: "service_error",
  });
});

test("progress is accepted, and starts a task whose acknowledgement is not recorded yet", async () => {
  const id = await submitted(deps);
  const answer = await send(id, reportOf(id, { status: "progress", progress: 0.5, message: "half way" }));
  expect([answer.status, answer.json]).toEqual([200, { received: true, status: "initiated", progress: 0.5 }]);
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "initiated", progress: 0.5 });
  expect(task.history.map(({ type, message }) => [type, message])).toEqual([
    ["task.started", undefined],
    ["task.progress", "half way"],
  ]);
});

test("the same outcome again is answered 200 as a duplicate, and is no second event", async () => {
  const id = await submitted(deps);
  await send(id, successOf(id));
  const reordered = `{"metadata": {"a": 1}, "resultUrl": "https://cdn.example.com/a.mp4", "status": "success", "correlationId": "${id}"}`;
  const answer = await send(id, reordered);
  expect([answer.status, answer.json]).toEqual([200, { received: true, duplicate: true, status: "completed" }]);
  expect((await readTask(deps, id)).history).toHaveLength(1);
});

test("another outcome after a final one is answered 409, changes nothing, and is kept for the operator", async () => {
  const id = await submitted(deps);
  await send(id, successOf(id));
  const before = await readTask(deps, id);
  const answer = await send(id, reportOf(id, { status: "error", error: "no, it failed" }));
  expect([answer.status, answer.json.code]).toEqual([409, "conflict"]);
  expect(await readTask(deps, id)).toEqual(before);
  expect(await keptCallbacks(deps, id)).toMatchObject([{ status: "failed", error: "no, it failed" }]);
});

test("an outcome after expiry is answered 410, and kept whole in lateCallback", async () => {
  const id = await submitted(deps);
  await expireAll(deps);
  const answer = await send(
    id,
    reportOf(id, { status: "success", resultUrl: "https://a.example/b", metadata: { a: [1] }, result: { x: null } }),
  );
  expect([answer.status, answer.json.code]).toEqual([410, "too_late"]);
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "expired", resultUrl: null });
  expect(task.lateCallback).toMatchObject({
    status: "completed",
    resultUrl: "https://a.example/b",
    result: { x: null },
    resultMetadata: { a: [1] },
    error: null,
  });
});

test("progress after expiry is answered 410", async () => {
  const id = await submitted(deps);
  await expireAll(deps);
  const answer = await send(id, reportOf(id, { status: "progress", progress: 0.9 }));
  expect([answer.status, answer.json.code]).toEqual([410, "too_late"]);
});

test("a token that was made with the secret before the newest is still good", async () => {
  const id = await submitted(deps);
  const token = tokenFor(parseKeys(service.olderSecret), id);
  expect((await send(id, successOf(id), { token })).status).toBe(200);
});

test.each([
  "application/json",
  "application/json; charset=utf-8",
  "Application/JSON;charset=UTF-8",
  "application/vnd.example.job+json",
  "application/cloudevents+json",
])("%s is taken as JSON, and a page's origin gets no CORS header", async (type) => {
  const id = await submitted(deps);
  expect((await send(id, successOf(id), { type, headers: { origin: "https://app.example.com" } })).status).toBe(200);
});

test("JSON behind a byte order mark is taken", async () => {
  const id = await submitted(deps);
  expect((await send(id, `\ufeff${successOf(id)}`)).status).toBe(200);
});

test("when the database does not answer, a callback gets 503 in time, and a forged one 401 all the same", async () => {
  const runtime = await service.start({ FIRESTORE_EMULATOR_HOST: "127.0.0.1:9" });
  const id = "any-task";
  expect((await send(id, successOf(id), { runtime, token: "wrong" })).status).toBe(401);
  const sentAt = Date.now();
  const answers = await Promise.all([
    send(id, successOf(id), { runtime }),
    send(id, reportOf(id, { status: "progress", progress: 0.1 }), { runtime }),
  ]);
  expect(Date.now() - sentAt).toBeLessThan(20_000);
  for (const answer of answers) {
    expect([answer.status, answer.json.code]).toEqual([503, "unavailable"]);
    expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  }
}, 60_000);

test("when our own configuration is wrong, a callback gets 503, and does not learn why", async () => {
  const runtime = await service.start({ BOOMERANG_SECRET: "too-short" });
  const answer = await send("any-task", "{}", { runtime });
  expect([answer.status, answer.json.code]).toEqual([503, "unavailable"]);
  expect(answer.text).not.toContain("BOOMERANG_SECRET");
  expect(runtime.output()).toContain("BOOMERANG_SECRET must have at least 32 characters");
}, 60_000);

test("what is logged about a callback holds its correlation id, and neither its token nor what it carries", async () => {
  const id = await submitted(deps);
  await send(id, reportOf(id, { status: "error", error: "a secret of the user" }));
  await send(id, reportOf(id, { status: "error", error: "another secret" }));
  const output = first.output();
  expect(output).toContain(id);
  expect(output).not.toContain(tokenFor(deps.keys, id));
  expect(output).not.toContain("secret");
});
