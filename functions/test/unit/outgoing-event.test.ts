import { Timestamp } from "firebase-admin/firestore";
import { finalEvent, progressEvent, startedEvent, type TaskEvent } from "../../src/domain/events.ts";
import { toStorable } from "../../src/domain/storable.ts";
import { type PendingWebhook, readPendingWebhook } from "../../src/tasks/pending-webhook.ts";
import { applicationEvent, taskEvent } from "../../src/webhooks/outgoing-event.ts";

const source = "urn:boomerang:demo-test";
const createdAt = Timestamp.fromMillis(1_736_937_015_000);
const at = Timestamp.fromMillis(1_736_937_330_000);

function completedTask(parts: Partial<PendingWebhook> = {}): PendingWebhook {
  return readPendingWebhook({
    correlationId: "task-1",
    service: "pictures",
    projectId: "project-1",
    userId: "user-1",
    status: "completed",
    progress: 1,
    metadata: { mine: true },
    createdAt,
    completedAt: at,
    resultUrl: "https://files.example/1.png",
    result: { pixels: 3 },
    resultMetadata: { seconds: 2 },
    ...parts,
  });
}

function told(entry: TaskEvent<Timestamp>, parts: Partial<PendingWebhook> = {}) {
  const event = taskEvent(completedTask(parts), entry, source);
  if (event.kind === "application") throw new Error("a task's event is none of the application's");
  return event;
}

test("an end tells all facts of the task", () => {
  expect(told(finalEvent("job", "completed", at))).toEqual({
    id: "evt_task-1_5",
    type: "job.completed",
    at: at.toMillis(),
    source,
    kind: "completed",
    task: {
      id: "task-1",
      service: "pictures",
      projectId: "project-1",
      userId: "user-1",
      progress: 1,
      message: null,
      outcome: "completed",
      resultUrl: "https://files.example/1.png",
      result: { pixels: 3 },
      resultMetadata: { seconds: 2 },
      error: null,
      errorCode: null,
      metadata: { mine: true },
      createdAt: createdAt.toMillis(),
      completedAt: at.toMillis(),
    },
  });
});

test("what came before the end tells nothing of it, however late it is sent", () => {
  const open = { outcome: null, resultUrl: null, result: null, resultMetadata: null, error: null, completedAt: null };
  expect(told(startedEvent("job", at)).task).toMatchObject({ ...open, progress: null });
  const half = progressEvent("job", 0, 0.5, "Half", at);
  if (half === undefined) throw new Error("half is a milestone");
  expect(told(half)).toMatchObject({
    id: "evt_task-1_3",
    kind: "progress",
    task: { ...open, progress: 0.5, message: "Half" },
  });
});

test("expiry is a failure that tells what it was", () => {
  const parts = { status: "expired", error: "No callback came.", errorCode: "expired" } as const;
  expect(told(finalEvent("job", "expired", at), parts)).toMatchObject({
    type: "job.failed",
    kind: "failed",
    task: { outcome: "expired", error: "No callback came.", errorCode: "expired" },
  });
});

test("an outcome that an operator replaced does not pass the new one's facts off as its own", () => {
  const entry = finalEvent("job", "expired", createdAt);
  expect(told(entry).task).toMatchObject({
    outcome: "expired",
    resultUrl: null,
    result: null,
    resultMetadata: null,
    error: "This outcome was replaced: the task is completed now.",
    completedAt: createdAt.toMillis(),
  });
  expect(told(finalEvent("job", "completed", at, 1))).toMatchObject({
    id: "evt_task-1_6",
    task: { outcome: "completed", result: { pixels: 3 }, error: null },
  });
});

test("values that the database cannot hold are told as they were given", () => {
  const result = { rows: [[1, 2], [3]], "": "empty", text: "\ud83d" };
  const metadata = { __reserved__: [[1]] };
  const { task } = told(finalEvent("job", "completed", at), {
    result: toStorable(result),
    metadata: toStorable(metadata),
  });
  expect([task.result, task.metadata]).toEqual([result, metadata]);
});

test("metadata that is no object counts as none", () => {
  for (const metadata of [null, "text", [1]]) {
    expect(told(startedEvent("job", at), { metadata }).task.metadata).toEqual({});
  }
});

test("an event of the application is told as it was published", () => {
  const payload = { rows: [[1]] };
  const stored = {
    id: "evt_1",
    ownerId: "owner-1",
    type: "job.completed",
    payload: toStorable(payload),
    except: null,
    requestDigest: "",
    createdAt: at,
    purgeAt: at,
  };
  expect(applicationEvent(stored, source)).toEqual({
    id: "evt_1",
    // It is called like a task's event, but there is no task.
    kind: "application",
    type: "job.completed",
    at: at.toMillis(),
    source,
    payload,
  });
});
