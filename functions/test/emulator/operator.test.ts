import { completed } from "../../src/domain/outcome.ts";
import { statuses, type TaskStatus } from "../../src/domain/task-state.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { findTask } from "../../src/tasks/find-task.ts";
import { resolveTask } from "../../src/tasks/resolve.ts";
import { retryTask } from "../../src/tasks/retry.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatched, dispatchNext } from "../support/dispatching.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { resultUrl, taskOf as taskIn } from "../support/task-of.ts";
import { readOutcome, readTask, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

const owner = { ownerId: "owner-1", admin: false };
const stranger = { ownerId: "owner-2", admin: false };
const admin = { ownerId: "operator", admin: true };

let service: RecordingService;
let status: number;
beforeEach(async () => {
  status = 202;
  service = await startService(() => ({ status }));
});

const taskOf = (status: TaskStatus, parts: Partial<TaskRequest> = {}) => taskIn(deps, service.url, status, parts);

const seqs = async (id: string) => (await readTask(deps, id)).history.map(({ seq }) => seq);

test.each(statuses)("a task can be brought to %s", async (status) => {
  expect((await readTask(deps, await taskOf(status))).status).toBe(status);
});

test.each([
  ["pending", owner, "Cancelled by its owner."],
  ["initiated", owner, "Cancelled by its owner."],
  ["pending", admin, "Cancelled by an operator."],
  ["initiated", admin, "Cancelled by an operator."],
] as const)("a task that is %s is cancelled by %j", async (status, viewer, error) => {
  const id = await taskOf(status);
  const task = await cancelTask(deps, viewer, id);

  expect(task).toMatchObject({ status: "cancelled", error, errorCode: "cancelled" });
  expect(task.history.at(-1)).toMatchObject({ seq: 5, type: "task.cancelled", status: "cancelled" });
  expect(task.sweepAt ?? task.sweepShard).toBeUndefined();
  expect(task.purgeAt).toBeDefined();
  expect(await readOutcome(deps, id)).toMatchObject({ status: "cancelled", at: task.completedAt });
});

test("cancelling twice is cancelling once", async () => {
  const id = await taskOf("initiated");
  const [first, second] = await Promise.all([cancelTask(deps, owner, id), cancelTask(deps, owner, id)]);
  expect(second).toEqual(first);
  expect(await cancelTask(deps, admin, id)).toEqual(first);
  expect(await seqs(id)).toEqual([1, 5]);
});

test("a cancelled task is not called any more, and its callback is refused", async () => {
  const id = await taskOf("pending");
  await cancelTask(deps, owner, id);
  await dispatchNext(deps, id);
  expect(service.calls).toHaveLength(0);
  expect((await callBack(deps, id, { status: "success", resultUrl })).status).toBe(409);
  expect(await readTask(deps, id)).toMatchObject({ status: "cancelled", resultUrl: null });
});

test.each(["completed", "failed", "expired"] as const)("a task that is %s cannot be cancelled", async (status) => {
  const id = await taskOf(status);
  const before = await readTask(deps, id);
  await expect(cancelTask(deps, owner, id)).rejects.toMatchObject({
    status: 409,
    code: "task_is_final",
    message: expect.stringContaining(status),
  });
  expect(await readTask(deps, id)).toEqual(before);
});

test("of a cancel and a callback at once exactly one decides", async () => {
  for (let round = 0; round < 5; round += 1) {
    const id = await taskOf("initiated");
    const [cancel, callback] = await Promise.allSettled([
      cancelTask(deps, owner, id),
      callBack(deps, id, { status: "success", resultUrl }),
    ]);
    const { status, history } = await readTask(deps, id);
    const answer = callback.status === "fulfilled" ? callback.value.status : 0;
    expect([status, cancel.status, answer]).toEqual(
      status === "completed" ? ["completed", "rejected", 200] : ["cancelled", "fulfilled", 409],
    );
    expect(history).toHaveLength(2);
  }
});

test.each([
  ["cancelled", cancelTask],
  ["retried", retryTask],
  ["resolved", (...[to, viewer, id]: Parameters<typeof cancelTask>) => resolveTask(to, viewer, id, completed({}))],
] as const)("another owner's task cannot be %s: it is as if it were not there", async (_, action) => {
  const id = await taskOf("failed");
  const missing = "00000000-0000-4000-8000-000000000000";
  const before = await readTask(deps, id);
  for (const [viewer, named] of [
    [stranger, id],
    [owner, missing],
    [admin, missing],
  ] as const) {
    await expect(action(deps, viewer, named)).rejects.toMatchObject({ status: 404, code: "task_not_found" });
  }
  expect(await readTask(deps, id)).toEqual(before);
});

test.each([
  ["nothing", ""],
  ["a dot", "."],
  ["two dots", ".."],
  ["a slash", "a/b"],
  ["a path to another document", "x/outcome/final"],
  ["an encoded slash", "a%2Fb"],
  ["a reserved name", "__name__"],
  ["a reserved name over two lines", "__na\nme__"],
  ["an unpaired surrogate", "\ud800"],
  ["a NUL", "a\0b"],
  ["1,500 bytes", "x".repeat(1_500)],
  ["1,501 bytes", "x".repeat(1_501)],
  ["800 letters of two bytes", "ü".repeat(800)],
  ["a prototype's name", "__proto__"],
])("an id that is %s names no task", async (_, id) => {
  await expect(findTask(deps.db, admin, id)).rejects.toMatchObject({ status: 404, code: "task_not_found" });
});

test.each(["failed", "expired", "cancelled"] as const)("a task that is %s is retried as a new task", async (status) => {
  const id = await taskOf(status, {
    worker: { url: service.url, auth: "Bearer service-key" },
    objectId: "task-1",
    assistantId: "assistant-1",
    followers: ["user-2"],
    params: { quality: "high", matrix: [[1], [2]] },
    metadata: { "": "odd" },
    priority: 4,
    callbackUrl: "http://127.0.0.1:9/told",
    callbackFormat: "slack",
    timeoutSeconds: 301,
  });
  const before = await readTask(deps, id);
  const first = service.calls[0];

  const { task, created } = await retryTask(deps, owner, id);
  expect(created).toBe(true);
  expect(task).toMatchObject({ status: "pending", retryOf: id, attempts: [], history: [], error: null });
  await trigger(deps, task.correlationId);
  await dispatchNext(deps, task.correlationId);

  const again = service.calls[1];
  expect(again?.headers.authorization).toBe("Bearer service-key");
  const { correlationId, callbackUrl, ...same } = again?.body ?? {};
  const { correlationId: oldId, callbackUrl: oldUrl, ...asked } = first?.body ?? {};
  expect(same).toEqual(asked);
  expect([oldId, correlationId]).toEqual([id, task.correlationId]);
  expect(callbackUrl).not.toBe(oldUrl);
  const kept = ["ownerId", "followers", "priority", "callbackUrl", "callbackFormat", "timeoutSeconds"] as const;
  for (const field of kept) expect(task[field]).toEqual(before[field]);
  expect(await readTask(deps, id)).toEqual(before);
});

test("retrying twice, at once or later, is retrying once", async () => {
  const id = await taskOf("failed");
  const submissions = await Promise.all([retryTask(deps, owner, id), retryTask(deps, owner, id)]);
  const later = await retryTask(deps, admin, id);
  const ids = [...submissions, later].map(({ task }) => task.correlationId);
  expect(new Set(ids).size).toBe(1);
  expect(submissions.filter(({ created }) => created)).toHaveLength(1);
  expect(later.created).toBe(false);
});

test("a retry that failed is retried itself, as a third task", async () => {
  const id = await taskOf("failed");
  const { task: second } = await retryTask(deps, owner, id);
  await cancelTask(deps, owner, second.correlationId);
  const { task: third } = await retryTask(deps, owner, second.correlationId);
  expect(third).toMatchObject({ retryOf: second.correlationId, status: "pending" });
  expect(new Set([id, second.correlationId, third.correlationId]).size).toBe(3);
});

test("a task of a registered service is retried with what is registered now", async () => {
  await deps.db.doc("services/video").set({ url: "http://127.0.0.1:9/gone", params: { fps: 24 }, maxRetries: 0 });
  const id = (await dispatched(deps, "", { worker: { service: "video" }, params: { quality: "high" } })).correlationId;
  expect((await readTask(deps, id)).status).toBe("failed");
  await deps.db.doc("services/video").update({ url: service.url });
  deps.advance(11_000);

  const { task } = await retryTask(deps, owner, id);
  await trigger(deps, task.correlationId);
  expect(await dispatchNext(deps, task.correlationId)).toMatchObject({ status: "initiated", service: "video" });
  expect(service.calls[0]?.body).toMatchObject({ fps: 24, quality: "high" });
});

test.each(["pending", "initiated", "completed"] as const)("a task that is %s is not retried", async (status) => {
  const id = await taskOf(status);
  await expect(retryTask(deps, owner, id)).rejects.toMatchObject({
    status: 409,
    code: "task_not_retryable",
    message: expect.stringContaining(status),
  });
});
