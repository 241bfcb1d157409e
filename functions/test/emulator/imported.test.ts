import { randomUUID } from "node:crypto";
import { type DocumentData, Timestamp } from "firebase-admin/firestore";
import { completed } from "../../src/domain/outcome.ts";
import { taskView } from "../../src/http/views/task-view.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { findTask } from "../../src/tasks/find-task.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { resolveTask } from "../../src/tasks/resolve.ts";
import { retryTask } from "../../src/tasks/retry.ts";
import { sweepShardOf } from "../../src/tasks/sweep-index.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatchNext } from "../support/dispatching.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { readOutcome, readTask, snapshotOf, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

const admin = { ownerId: "operator", admin: true };

let serviceStatus: number;
let deps: TestDeps;
let service: RecordingService;
beforeEach(async () => {
  deps = createTestDeps(newTestFirestore());
  service = await startService(() => ({ status: serviceStatus }));
  serviceStatus = 202;
});
afterEach(() => deps.db.terminate());

/** A document as another system left it: nothing but the fields of seed 002, with its five minutes. */
async function imported(changes: DocumentData = {}): Promise<string> {
  const correlationId = randomUUID();
  await pendingWebhookRef(deps.db, correlationId).create({
    correlationId,
    userId: "user-1",
    projectId: "project-1",
    objectId: "task-1",
    assistantId: "assistant-1",
    webhookUrl: service.url,
    status: "pending",
    createdAt: Timestamp.fromMillis(deps.now()),
    expiresAt: deps.now() + 300_000,
    metadata: { from: "elsewhere" },
    ...changes,
  });
  return correlationId;
}

const sweep = () => expirePendingWebhooks(deps, deps.now() + 60_000);

test("an imported task is put where the sweep sees it, and expires", async () => {
  const id = await imported();
  deps.advance(301_000);
  expect(await sweep()).toMatchObject({ expired: 0 });

  const created = await trigger(deps, id);
  expect((await readTask(deps, id)).sweepShard).toBe(sweepShardOf(id));
  expect(await sweep()).toMatchObject({ expired: 1, rescued: 0 });
  await trigger(deps, id, created);

  const task = await readTask(deps, id);
  const error = "No callback came within 300 s. The service was never reached.";
  expect(task).toMatchObject({ status: "expired", error, ownerId: "user-1", retryOf: null });
  expect(await readOutcome(deps, id)).toMatchObject({ status: "expired" });
  expect(taskView(task)).toMatchObject({ id, status: "expired", error, user_id: "user-1" });
});

test("an imported task is called, calls back, and is completed", async () => {
  const id = await imported();
  const created = await trigger(deps, id);
  expect(deps.queued).toMatchObject([{ id: `${id}-1`, data: { correlationId: id, attempt: 1 } }]);
  await trigger(deps, id, created);
  expect(deps.queued).toHaveLength(1);

  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  expect(service.calls[0]?.body).toMatchObject({
    correlationId: id,
    taskId: "task-1",
    metadata: { from: "elsewhere" },
  });
  expect(JSON.stringify(service.calls[0]?.body)).not.toContain("undefined");
  const answer = await callBack(deps, id, { status: "success", resultUrl: "https://cdn.example.com/a.mp4" });
  expect(answer).toMatchObject({ status: 200, body: { received: true, status: "completed" } });
  expect(await readTask(deps, id)).toMatchObject({ status: "completed", resultUrl: "https://cdn.example.com/a.mp4" });
});

test("an imported task is called again after a failed call, as any other", async () => {
  const id = await imported();
  serviceStatus = 503;
  await trigger(deps, id);
  const task = await dispatchNext(deps, id);
  expect(task).toMatchObject({ status: "pending", attempts: [{ number: 1, statusCode: 503 }] });
  expect(task.nextAttemptAt - deps.now()).toBe(1_000);

  for (const attempt of [2, 3, 4]) {
    const { attempts } = await dispatchNext(deps, id);
    expect(attempts.at(-1)).toMatchObject({ number: attempt, statusCode: 503 });
  }
  expect(await readTask(deps, id)).toMatchObject({ status: "failed", errorCode: "http_503" });
  expect(service.calls).toHaveLength(4);
});

test("an imported task that is adopted is not rescued at once", async () => {
  const id = await imported();
  await trigger(deps, id);
  expect(await sweep()).toMatchObject({ expired: 0, rescued: 0 });
  deps.advance(121_000);
  expect(await sweep()).toMatchObject({ expired: 0, rescued: 1 });
  expect((await readTask(deps, id)).rescues).toBe(1);
});

test("an imported task past its deadline is not called any more", async () => {
  const id = await imported();
  deps.advance(301_000);
  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  expect(service.calls).toHaveLength(0);
  const error = "No callback came within 300 s. The service was never reached.";
  expect(await readTask(deps, id)).toMatchObject({ status: "expired", error });
});

test("an imported task that its service had taken expires without saying that nobody reached the service", async () => {
  const id = await imported({ status: "initiated" });
  await trigger(deps, id);
  expect(deps.queued).toHaveLength(0);
  deps.advance(301_000);
  expect(await sweep()).toMatchObject({ expired: 1 });
  expect(await readTask(deps, id)).toMatchObject({ error: "No callback came within 300 s." });
});

test("the trigger of an import runs to its end when the task was written meanwhile, however often it runs", async () => {
  const id = await imported();
  const seen = await snapshotOf(deps, id);
  await pendingWebhookRef(deps.db, id).update({ assistantId: "assistant-2" });
  await deriveConsequences(deps, undefined, seen);
  const after = await trigger(deps, id, seen);
  await deriveConsequences(deps, seen, after);
  await deriveConsequences(deps, undefined, seen);
  expect(await readTask(deps, id)).toMatchObject({ sweepShard: sweepShardOf(id), assistantId: "assistant-2" });
  expect(deps.queued).toHaveLength(1);

  await pendingWebhookRef(deps.db, id).delete();
  await deriveConsequences(deps, undefined, seen);
  expect((await snapshotOf(deps, id)).exists).toBe(false);
});

test.each([
  ["no deadline", { expiresAt: null }],
  ["a deadline that is no number", { expiresAt: Number.NaN }],
  ["a deadline as a Timestamp", { expiresAt: Timestamp.fromMillis(0) }],
])("an imported task with %s has five minutes from its creation", async (_, changes) => {
  const id = await imported(changes);
  await trigger(deps, id);
  deps.advance(299_000);
  expect(await sweep()).toMatchObject({ expired: 0 });
  deps.advance(2_000);
  expect(await sweep()).toMatchObject({ expired: 1 });
  expect(await readTask(deps, id)).toMatchObject({ status: "expired", error: expect.stringContaining("within 300 s") });
});

test("a task with hardly any field expires, and nothing of it crashes", async () => {
  const id = randomUUID();
  await pendingWebhookRef(deps.db, id).create({ correlationId: id });
  const created = await trigger(deps, id);
  expect(await sweep()).toMatchObject({ expired: 1 });
  await trigger(deps, id, created);
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "expired", error: expect.not.stringContaining("undefined") });
  expect(taskView(task)).toMatchObject({ id, status: "expired" });
});

test.each([
  ["userId", { userId: "a/b" }],
  ["userId", { userId: "" }],
  ["userId", { userId: 7 }],
  ["objectId", { objectId: "a/b" }],
  ["objectId", { objectId: ".." }],
  ["objectId", { objectId: "__reserved__" }],
  ["followers", { followers: ["__a\nb__", "x".repeat(1_501), null, "user-2"] }],
])("an imported task whose %s is no document id expires like any other (%#)", async (_, changes) => {
  const id = await imported(changes);
  const created = await trigger(deps, id);
  deps.advance(301_000);
  await sweep();
  await trigger(deps, id, created);
  expect(await readTask(deps, id)).toMatchObject({ status: "expired" });
  if ("followers" in changes) {
    const told = await deps.db.doc(`users/user-2/notifications/${id}-5`).get();
    expect(told.data()).toMatchObject({ status: "expired" });
  }
});

test("the names of two imported tasks' orders differ even where their ids differ in signs that a name cannot have", async () => {
  for (const id of ["job.1", "job_1", "job:1"]) {
    await pendingWebhookRef(deps.db, id).create({
      correlationId: id,
      status: "pending",
      expiresAt: deps.now() + 60_000,
    });
    await trigger(deps, id);
  }
  expect(deps.queued.map(({ data }) => data.correlationId)).toEqual(["job.1", "job_1", "job:1"]);
  for (const { id } of deps.queued) expect(id).toMatch(/^[\w-]{1,500}$/);
});

test("an imported task belongs to its user: found, cancelled and retried by them, and by nobody else", async () => {
  const id = await imported();
  const owner = { ownerId: "user-1", admin: false };
  expect(await findTask(deps.db, owner, id)).toMatchObject({ correlationId: id });
  await expect(findTask(deps.db, { ownerId: "user-2", admin: false }, id)).rejects.toMatchObject({ status: 404 });
  expect(await cancelTask(deps, owner, id)).toMatchObject({ status: "cancelled" });
  const { task } = await retryTask(deps, owner, id);
  expect(task).toMatchObject({ retryOf: id, ownerId: "user-1", webhookUrl: service.url, timeoutSeconds: 300 });
});

test("a task that was imported as completed cannot be cancelled, but an operator can resolve it", async () => {
  const id = await imported({ status: "completed", resultUrl: "https://cdn.example.com/old.mp4" });
  await trigger(deps, id);
  await expect(cancelTask(deps, admin, id)).rejects.toMatchObject({ status: 409, code: "task_is_final" });
  expect(await readTask(deps, id)).toMatchObject({ status: "completed", history: [] });
  expect((await deps.db.collection("users/user-1/notifications").get()).size).toBe(0);

  const resolved = await resolveTask(deps, admin, id, completed({ resultUrl: "https://cdn.example.com/new.mp4" }));
  expect(resolved).toMatchObject({ status: "completed", resultUrl: "https://cdn.example.com/new.mp4" });
  expect(resolved.history.map(({ seq }) => seq)).toEqual([6]);
});
