import { cancelTask } from "../../src/tasks/cancel.ts";
import { outcomeRef, pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { derivedId, submitTask } from "../../src/tasks/submit.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";
import { taskRequest } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

const keyed = (key: string, parts: Partial<TaskRequest> = {}) => {
  const request = taskRequest(parts);
  return submitTask(deps, request, derivedId("idempotency-key", request.ownerId, key));
};

test("the same request under the same key is one task, asked 20 times at once", async () => {
  const submissions = await Promise.all(Array.from({ length: 20 }, () => keyed("k1", { ownerId: "twenty" })));
  expect(submissions.filter(({ created }) => created)).toHaveLength(1);
  expect(new Set(submissions.map(({ task }) => task.correlationId)).size).toBe(1);
  const stored = await deps.db.collection("pendingWebhooks").where("ownerId", "==", "twenty").get();
  expect(stored.size).toBe(1);
});

test("a repeated request answers the task as it stands now", async () => {
  const { task } = await keyed("k2");
  await deps.db.doc(`pendingWebhooks/${task.correlationId}`).update({ status: "initiated" });
  expect(await keyed("k2")).toMatchObject({ created: false, task: { status: "initiated" } });
});

test("the same key of another owner is another task", async () => {
  const one = await keyed("k3", { ownerId: "one" });
  const two = await keyed("k3", { ownerId: "two" });
  expect(two.created).toBe(true);
  expect(two.task.correlationId).not.toBe(one.task.correlationId);
});

test("key, task document and retry never lead to the same id", () => {
  const kinds = ["idempotency-key", "task-document", "retry"] as const;
  const ids = [...kinds.map((kind) => derivedId(kind, "a")), derivedId("retry", "a", ""), derivedId("retry", '["a"]')];
  expect(new Set(ids).size).toBe(ids.length);
});

const other: [string, Partial<TaskRequest>][] = [
  ["prompt", { prompt: "A harbour" }],
  ["params", { params: { size: "4k" } }],
  ["nested params", { params: { a: { b: [1, 3] } } }],
  ["metadata", { metadata: { title: "B" } }],
  ["metadata without a value", { metadata: { title: null } }],
  ["worker", { worker: { url: "http://127.0.0.1:9/other", auth: null } }],
  ["projectId", { projectId: null }],
  ["userId", { userId: "user-2" }],
  ["priority", { priority: 1 }],
  ["callbackUrl", { callbackUrl: "http://127.0.0.1:9/hook" }],
  ["callbackFormat", { callbackFormat: "slack" }],
  ["timeoutSeconds", { timeoutSeconds: 10 }],
];

test.each(other)(
  "another request under a used key is refused, even where only this differs: %s",
  async (what, parts) => {
    const first = { params: { a: { b: [1, 2] } } };
    await keyed(`differs: ${what}`, first);
    await expect(keyed(`differs: ${what}`, { ...first, ...parts })).rejects.toMatchObject({
      code: "idempotency_key_reused",
      status: 409,
    });
  },
);

test("the order of keys makes no other request", async () => {
  await keyed("order", { params: { a: 1, b: { c: 2, d: 3 } } });
  expect((await keyed("order", { params: { b: { d: 3, c: 2 }, a: 1 } })).created).toBe(false);
});

test("a repeated request finds its task though the service changed or went meanwhile", async () => {
  const service = deps.db.doc("services/leaving");
  await service.set({ url: "https://a.example.com/", params: { v: 1 } });
  const request = { worker: { service: "leaving" } };
  const first = await keyed("k4", request);
  await service.set({ url: "https://b.example.com/", params: { v: 2 } });
  deps.advance(10_001);
  expect(await keyed("k4", request)).toEqual({ created: false, task: first.task });
  await service.delete();
  deps.advance(10_001);
  expect(await keyed("k4", request)).toEqual({ created: false, task: first.task });
  await expect(keyed("k4", { ...request, prompt: "B" })).rejects.toMatchObject({ code: "idempotency_key_reused" });
  await expect(keyed("k5", request)).rejects.toMatchObject({ code: "unknown_service" });
});

test("a key that is used again when its task was deleted is a new task, which can end", async () => {
  const owner = { ownerId: "again", admin: false };
  const { task } = await keyed("daily", { ownerId: "again" });
  await cancelTask(deps, owner, task.correlationId);
  // Firestore's time to live deletes the task, and its outcome only later.
  await pendingWebhookRef(deps.db, task.correlationId).delete();
  expect(await keyed("daily", { ownerId: "again" })).toMatchObject({ created: true, task: { status: "pending" } });
  expect(await cancelTask(deps, owner, task.correlationId)).toMatchObject({ status: "cancelled" });
});

test("asking again for a task that is over does not open it", async () => {
  const { task } = await keyed("over", { ownerId: "again" });
  await cancelTask(deps, { ownerId: "again", admin: false }, task.correlationId);
  expect(await keyed("over", { ownerId: "again" })).toMatchObject({ created: false, task: { status: "cancelled" } });
  expect((await outcomeRef(deps.db, task.correlationId).get()).exists).toBe(true);
});
