import { completed, failed } from "../../src/domain/outcome.ts";
import { finalStatuses, statuses, type TaskStatus } from "../../src/domain/task-state.ts";
import { resolveTask } from "../../src/tasks/resolve.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";
import { callBack } from "../support/callbacks.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { resultUrl, taskOf as taskIn } from "../support/task-of.ts";
import { readOutcome, readTask, snapshotOf, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

const admin = { ownerId: "operator", admin: true };

let service: RecordingService;
beforeEach(async () => {
  service = await startService(() => ({}));
});

const taskOf = (status: TaskStatus, parts: Partial<TaskRequest> = {}) => taskIn(deps, service.url, status, parts);
const seqs = async (id: string) => (await readTask(deps, id)).history.map(({ seq }) => seq);

test.each(statuses)("an operator resolves a task that is %s by hand", async (status) => {
  const id = await taskOf(status);
  const isFinal = (finalStatuses as readonly string[]).includes(status);
  const before = await readTask(deps, id);
  const outcome = completed({ resultUrl: "https://cdn.example.com/by-hand.mp4", result: { grid: [[1, 2], [3]] } });

  const task = await resolveTask(deps, admin, id, outcome);

  expect(task).toMatchObject({ status: "completed", resultUrl: outcome.resultUrl, error: null, progress: 1 });
  expect(task.history.slice(before.history.length)).toMatchObject([
    { seq: isFinal ? 6 : 5, type: "task.completed", status: "completed" },
  ]);
  expect(task.sweepAt ?? task.sweepShard).toBeUndefined();
  expect(await readOutcome(deps, id)).toMatchObject({
    status: "completed",
    resolutions: isFinal ? 1 : 0,
    at: task.completedAt,
  });
  const answer = await callBack(deps, id, {
    status: "success",
    resultUrl: outcome.resultUrl,
    result: { grid: [[1, 2], [3]] },
  });
  expect(answer).toMatchObject({ status: 200, body: { duplicate: true, status: "completed" } });
});

test("an operator ends a task by hand as failed, and later as completed after all", async () => {
  const id = await taskOf("expired");
  await resolveTask(deps, admin, id, failed("resolved", "The service is gone."));
  expect(await readTask(deps, id)).toMatchObject({ status: "failed", error: "The service is gone." });
  await resolveTask(deps, admin, id, completed({ resultUrl }));
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "completed", resultUrl, error: null, errorCode: null });
  expect(task.history.map(({ seq, type, status }) => [seq, type, status])).toEqual([
    [1, "task.started", "initiated"],
    [5, "task.failed", "expired"],
    [6, "task.failed", "failed"],
    [7, "task.completed", "completed"],
  ]);
  expect(await readOutcome(deps, id)).toMatchObject({ status: "completed", resolutions: 2 });
});

test.each(["failed", "initiated"] as const)(
  "the same resolution twice of a task that is %s is one event",
  async (status) => {
    const id = await taskOf(status);
    const outcome = () => completed({ resultUrl, result: { a: 1, b: [2] } });
    await Promise.all([resolveTask(deps, admin, id, outcome()), resolveTask(deps, admin, id, outcome())]);
    const before = await readTask(deps, id);
    expect(await resolveTask(deps, admin, id, outcome())).toEqual(before);
    expect(before.history.filter(({ type }) => type === "task.completed")).toHaveLength(1);
  },
);

test("an operator accepts the callback that came after expiry", async () => {
  const id = await taskOf("expired");
  const late = { status: "success", resultUrl, metadata: { title: "A" }, result: { pages: [[1], [2]] } };
  expect((await callBack(deps, id, late)).status).toBe(410);

  await resolveTask(deps, admin, id, "late_callback");
  const task = await resolveTask(deps, admin, id, "late_callback");

  expect(task).toMatchObject({ status: "completed", resultUrl, resultMetadata: { title: "A" }, error: null });
  expect(task.result).toEqual({ $json: JSON.stringify(late.result) });
  expect(await seqs(id)).toEqual([1, 5, 6]);
  expect(await readOutcome(deps, id)).toMatchObject({ status: "completed", resolutions: 1 });
  const again = await callBack(deps, id, late);
  expect(again).toMatchObject({ status: 200, body: { received: true, duplicate: true, status: "completed" } });
});

test("a late callback that reported an error resolves the task as failed", async () => {
  const id = await taskOf("expired");
  await callBack(deps, id, { status: "error", error: "no credits" });
  const task = await resolveTask(deps, admin, id, "late_callback");
  expect(task).toMatchObject({ status: "failed", error: "no credits", errorCode: "service_error" });
});

test.each(statuses)("without a late callback, a task that is %s is not resolved with one", async (status) => {
  const id = await taskOf(status);
  const before = await readTask(deps, id);
  await expect(resolveTask(deps, admin, id, "late_callback")).rejects.toMatchObject({
    status: 409,
    code: "no_late_callback",
  });
  expect(await readTask(deps, id)).toEqual(before);
});

test("a result by hand that is too large for its document is kept as a file", async () => {
  const id = await taskOf("failed");
  const task = await resolveTask(deps, admin, id, completed({ result: { text: "x".repeat(1_100_000) } }));
  expect(task).toMatchObject({ status: "completed", result: { $storage: { bytes: 1_100_011 } } });
  expect([...deps.kept.keys()]).toEqual([`results/${id}/1100011.json`]);
});

test("map, comment and notifications follow a resolution", async () => {
  const objectId = "resolved-document";
  await deps.db.doc(`tasks/${objectId}`).set({ title: "mine" });
  const id = await taskOf("initiated", { objectId, userId: "resolved-user", assistantId: "assistant-1" });
  const before = await snapshotOf(deps, id);
  await callBack(deps, id, { status: "error", error: "no credits" });
  const failedOne = await trigger(deps, id, before);
  const notified = deps.db.collection("users/resolved-user/notifications");
  expect((await notified.get()).docs.map((doc) => doc.id)).toEqual([`${id}-5`]);
  await notified.doc(`${id}-5`).delete();
  await resolveTask(deps, admin, id, completed({ resultUrl }));
  await trigger(deps, id, failedOne);
  await trigger(deps, id, failedOne);

  const document = await deps.db.doc(`tasks/${objectId}`).get();
  expect(document.get("webhook")).toMatchObject({ correlationId: id, status: "completed", resultUrl, error: null });
  const comments = await deps.db.collection(`tasks/${objectId}/comments`).get();
  expect(comments.docs.map((doc) => [doc.id, doc.get("status"), doc.get("text")])).toEqual([
    [id, "completed", `Done: ${resultUrl}`],
  ]);
  expect((await notified.get()).docs.map((doc) => [doc.id, doc.get("type"), doc.get("status")])).toEqual([
    [`${id}-6`, "task.completed", "completed"],
  ]);
});
