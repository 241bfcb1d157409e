import { createOutboundHttp, type OutboundRequest } from "../../src/platform/outbound-http.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { dispatched, dispatchNext, queuedTask } from "../support/dispatching.ts";
import { type Answer, startService } from "../support/recording-service.ts";
import { readTask } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const deps = createTestDeps(db);
afterAll(() => db.terminate());

/** A registered service in sync mode that gives that answer. */
async function syncService(answer: Answer) {
  const service = await startService(() => answer);
  const name = `sync-${new URL(service.url).port}`;
  await db.doc(`services/${name}`).set({ url: service.url, mode: "sync" });
  return { ...service, worker: { service: name } };
}

async function answered(answer: Answer) {
  const { url, worker } = await syncService(answer);
  return await dispatched(deps, url, { worker });
}

const url = "https://cdn.example.com/a.mp4";
const results: [string, unknown, object][] = [
  ["a JSON object", { text: "hello" }, { result: { text: "hello" } }],
  ["a JSON array", [1, [2]], { result: { $json: "[1,[2]]" } }],
  ["a JSON string", '"done"', { result: "done" }],
  ["null", "null", { result: null }],
  ["an object with a resultUrl", { resultUrl: url, n: 1 }, { resultUrl: url, result: { resultUrl: url, n: 1 } }],
  ["a resultUrl that is none", { resultUrl: "javascript:alert(1)" }, { resultUrl: null }],
  [
    "the form of a callback",
    { status: "success", resultUrl: url, metadata: { fps: 24 }, result: { n: 1 } },
    { resultUrl: url, resultMetadata: { fps: 24 }, result: { n: 1 } },
  ],
];

test.each(results)("a service in sync mode answers with the result itself: %s", async (_what, body, expected) => {
  const task = await answered({ status: 200, body });
  expect(task).toMatchObject({ status: "completed", progress: 1, error: null, errorCode: null, ...expected });
  expect(task.attempts).toMatchObject([{ number: 1, statusCode: 200, error: null }]);
  expect(task.history).toEqual([{ seq: 5, type: "task.completed", at: task.completedAt, status: "completed" }]);
  expect(task).not.toHaveProperty("sweepAt");
});

test("an error in the form of a callback fails the task", async () => {
  const task = await answered({ status: 200, body: { status: "error", error: "out of memory", metadata: { gpu: 3 } } });
  expect(task).toMatchObject({
    status: "failed",
    errorCode: "service_error",
    error: "out of memory",
    resultMetadata: { gpu: 3 },
    attempts: [{ number: 1, statusCode: 200 }],
  });
});

test.each([
  ["not JSON", "<html>hello</html>", /not with JSON/],
  ["empty", "", /not with JSON/],
  ["nested too deeply", `${"[".repeat(101)}${"]".repeat(101)}`, /nested too deeply/],
])("an answer that is %s fails the task, with the status on record", async (_what, body, message) => {
  const task = await answered({ status: 200, body });
  expect(task).toMatchObject({ status: "failed", errorCode: "bad_answer" });
  expect(task.error).toMatch(message);
  expect(task.attempts).toMatchObject([{ number: 1, statusCode: 200, error: task.error }]);
});

test("an answer of more than 10 MiB fails the task, one of 10 MiB does not", async () => {
  const most = 10 * 1_024 * 1_024;
  const sized = (bytes: number) => ({ status: 200, body: JSON.stringify("x".repeat(bytes - 2)) });
  expect(await answered(sized(most))).toMatchObject({ status: "completed" });
  const task = await answered(sized(most + 1));
  expect(task).toMatchObject({ status: "failed", errorCode: "answer_too_large" });
  expect(task.error).toContain(`larger than ${most} bytes`);
  expect(task.attempts).toMatchObject([{ number: 1, statusCode: 200, error: task.error }]);
});

test("a service in sync mode has 60 s, and one that takes longer is asked again", async () => {
  const send = createOutboundHttp({ allowInsecure: true, allowedHosts: [] });
  const timeouts: number[] = [];
  // A thousandth of the time, so that the test need not wait for it.
  const hurried = createTestDeps(db, {
    keys: deps.keys,
    send: (request: OutboundRequest) => {
      timeouts.push(request.timeoutMs);
      return send({ ...request, timeoutMs: request.timeoutMs / 1_000 });
    },
  });
  const { url, worker } = await syncService({ until: new Promise(() => undefined) });
  const task = await dispatched(hurried, url, { worker });
  expect(timeouts).toEqual([60_000]);
  expect(task).toMatchObject({ status: "pending", attempts: [{ statusCode: null }] });
  expect(task.attempts[0]?.error).toContain("did not answer completely");
  expect(task.nextAttemptAt).toBe(task.createdAt.toMillis() + 1_000);
  send.close();
});

test("503 is tried again in sync mode too, 400 is not", async () => {
  const service = await startService((_call, n) => (n === 1 ? { status: 503 } : { status: 200, body: { n } }));
  await db.doc("services/sync-busy").set({ url: service.url, mode: "sync" });
  const id = await queuedTask(deps, service.url, { worker: { service: "sync-busy" } });
  expect(await dispatchNext(deps, id)).toMatchObject({ status: "pending" });
  expect(await dispatchNext(deps, id)).toMatchObject({ status: "completed", result: { n: 2 } });
  expect(await answered({ status: 400 })).toMatchObject({ status: "failed", errorCode: "http_400" });
});

test("a large result goes to the file store, with a reference in its place", async () => {
  const result = { text: "ä".repeat(200_000) };
  const task = await answered({ status: 200, body: { status: "success", result, metadata: { small: true } } });
  const reference = { $storage: { bucket: "test", path: expect.stringContaining(`results/${task.correlationId}/`) } };
  expect(task).toMatchObject({ status: "completed", result: reference, resultMetadata: { small: true } });
  const kept = [...deps.kept].find(([path]) => path.includes(task.correlationId));
  expect(JSON.parse(kept?.[1] ?? "null")).toEqual(result);
});

test("a file store that does not answer leaves the task as it was, for the queue to try again", async () => {
  const failing = createTestDeps(db, {
    keys: deps.keys,
    files: { ...deps.files, keepJson: () => Promise.reject(new Error("storage is down")) },
  });
  const { url, worker, calls } = await syncService({ status: 200, body: { text: "x".repeat(300_000) } });
  const id = await queuedTask(failing, url, { worker });
  await expect(dispatchNext(failing, id)).rejects.toThrow("storage is down");
  expect(await readTask(deps, id)).toMatchObject({ status: "pending", attempts: [] });
  const mended = createTestDeps(db, { keys: deps.keys });
  await dispatchTask(mended, { correlationId: id, attempt: 1 });
  expect(await readTask(deps, id)).toMatchObject({ status: "completed" });
  expect(calls.map(({ headers }) => headers["idempotency-key"])).toEqual([id, id]);
});

test("a result that comes after the task expired is kept for the operator", async () => {
  const late = createTestDeps(db, { keys: deps.keys });
  const expired = async () => {
    late.advance(20_000);
    await expirePendingWebhooks(late, late.now() + 60_000);
  };
  const service = await startService(() => ({ status: 200, body: { text: "late" }, until: expired() }));
  await db.doc("services/sync-late").set({ url: service.url, mode: "sync" });
  const task = await dispatched(late, service.url, { worker: { service: "sync-late" }, timeoutSeconds: 10 });
  expect(task).toMatchObject({
    status: "expired",
    result: null,
    lateCallback: { status: "completed", result: { text: "late" } },
    attempts: [{ number: 1, statusCode: 200 }],
  });
  expect(task.history).toHaveLength(1);
});

test("two dispatches of one order at once have one outcome, and a contradiction is kept beside it", async () => {
  const both = Promise.withResolvers<void>();
  const service = await startService((_call, n) => {
    if (n === 2) both.resolve();
    return { status: 200, body: { n }, until: n === 1 ? both.promise : both.promise.then(() => first) };
  });
  await db.doc("services/sync-twice").set({ url: service.url, mode: "sync" });
  const id = await queuedTask(deps, service.url, { worker: { service: "sync-twice" } });
  const runs = [1, 2].map(() => dispatchTask(deps, { correlationId: id, attempt: 1 }));
  const first = Promise.race(runs);
  await Promise.all(runs);
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "completed", result: { n: 1 } });
  expect(task.history).toHaveLength(1);
  const kept = await db.collection(`pendingWebhooks/${id}/callbacks`).get();
  expect(kept.docs.map((document) => document.data())).toMatchObject([{ status: "completed", result: { n: 2 } }]);
});
