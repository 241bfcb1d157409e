import { randomUUID } from "node:crypto";
import { FieldValue, Timestamp } from "firebase-admin/firestore";
import { completed } from "../../src/domain/outcome.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { resolveTask } from "../../src/tasks/resolve.ts";
import { appDocuments } from "../support/app-documents.ts";
import { callBack } from "../support/callbacks.ts";
import { replaced } from "../support/interference.ts";
import { last, lifecycle, permutations, triggered } from "../support/lifecycle.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { snapshotOf, submitted, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

const { taskDocument, read, mapOf, commentsOf, notificationsOf } = appDocuments(deps.db);
const owner = { ownerId: "owner-1", admin: false };
const admin = { ownerId: "operator", admin: true };
const resultUrl = "https://cdn.example.com/a.mp4";

let service: RecordingService;
let serviceStatus: number;
beforeEach(async () => {
  serviceStatus = 202;
  service = await startService(() => ({ status: serviceStatus }));
});

test.each([
  ["failed", "The task failed: no credits", "Your task failed."],
  ["cancelled", "The task was cancelled: Cancelled by its owner.", "Your task was cancelled."],
])("a task that is %s tells why, in map, comment and notification", async (status, comment, notification) => {
  const objectId = await taskDocument();
  const userId = randomUUID();
  const id = await submitted(deps, { objectId, userId });
  const created = await trigger(deps, id);
  if (status === "failed") await callBack(deps, id, { status: "error", error: "no credits" });
  else await cancelTask(deps, owner, id);
  await trigger(deps, id, created);
  const error = comment.slice(comment.indexOf(": ") + 2);
  expect(await mapOf(objectId)).toMatchObject({ correlationId: id, status, error, resultUrl: null });
  expect(await commentsOf(objectId)).toMatchObject([{ id, status, error, text: comment }]);
  expect(await notificationsOf(userId)).toMatchObject([{ id: `${id}-5`, status, error, text: notification }]);
});

const oddIds = ["ü 😀", "a.b", "%2F", "#?[]*`~", " ", "constructor", "__proto", "x".repeat(200)];

test("user and followers are notified once each, whatever their ids are made of", async () => {
  const userId = randomUUID();
  const followers = [userId, ...oddIds.map((id) => `${id}-${userId}`), ...oddIds.map((id) => `${id}-${userId}`)];
  const { id, writes } = await lifecycle(deps, service.url, { userId, followers });
  await triggered(deps, last(writes));
  const { after } = last(writes);
  for (const person of followers) {
    expect(await notificationsOf(person)).toEqual([
      {
        id: `${id}-5`,
        type: "task.completed",
        status: "completed",
        correlationId: id,
        taskId: id,
        projectId: "project-1",
        text: "Your task is done.",
        resultUrl,
        error: null,
        read: false,
        createdAt: after.get("completedAt"),
        purgeAt: after.get("purgeAt"),
      },
    ]);
  }
});

test("a trigger that runs again writes nothing at all", async () => {
  const objectId = await taskDocument();
  const userId = randomUUID();
  const { id, writes } = await lifecycle(deps, service.url, { objectId, userId });
  await triggered(deps, last(writes));
  const paths = [`tasks/${objectId}`, `tasks/${objectId}/comments/${id}`, `users/${userId}/notifications/${id}-5`];
  const writtenAt = () => Promise.all(paths.map(async (path) => (await deps.db.doc(path).get()).updateTime));
  const before = await writtenAt();
  expect(before).toEqual(paths.map(() => expect.any(Timestamp)));
  for (const write of writes) await triggered(deps, write);
  expect(await writtenAt()).toEqual(before);
});

test("a task of nobody's notifies its followers only", async () => {
  const follower = randomUUID();
  const { writes } = await lifecycle(deps, service.url, { userId: null, followers: [follower] });
  await triggered(deps, last(writes));
  expect(await notificationsOf(follower)).toHaveLength(1);
});

test("in whatever order the triggers run, each twice, they come to the same end", async () => {
  const orders = permutations([0, 1, 2, 3]);
  expect(orders).toHaveLength(24);
  for (const [n, order] of orders.entries()) {
    const objectId = await taskDocument();
    const userId = randomUUID();
    const follower = randomUUID();
    const { id, writes } = await lifecycle(deps, service.url, { objectId, userId, followers: [follower] });
    const run = async (numbers: readonly number[]) => {
      for (const number of numbers) {
        const write = writes[number];
        if (write !== undefined) await triggered(deps, write);
      }
    };
    await run(order);
    const end = [await read(objectId), await commentsOf(objectId)];
    await deps.db.doc(`users/${userId}/notifications/${id}-5`).update({ read: true });
    await run(orders[(n * 7) % orders.length] ?? []);

    expect([await read(objectId), await commentsOf(objectId)]).toEqual(end);
    expect(end[0]).toEqual({
      title: "mine",
      webhook: {
        correlationId: id,
        status: "completed",
        progress: 1,
        resultUrl,
        error: null,
        updatedAt: last(writes).after.updateTime,
      },
    });
    expect(end[1]).toMatchObject([{ id, status: "completed" }]);
    expect(await notificationsOf(userId)).toMatchObject([{ id: `${id}-5`, status: "completed", read: true }]);
    expect(await notificationsOf(follower)).toMatchObject([{ id: `${id}-5`, status: "completed", read: false }]);
    expect(deps.queued.filter(({ data }) => data.correlationId === id)).toMatchObject([{ id: `${id}-1` }]);
    expect((await snapshotOf(deps, id)).updateTime).toEqual(last(writes).after.updateTime);
  }
});

test("all triggers at the same time come to that end, too", async () => {
  const objectId = await taskDocument();
  const userId = randomUUID();
  const { id, writes } = await lifecycle(deps, service.url, { objectId, userId });
  await Promise.all(writes.toReversed().map((write) => triggered(deps, write)));
  expect(await mapOf(objectId)).toMatchObject({ status: "completed", updatedAt: last(writes).after.updateTime });
  expect(await commentsOf(objectId)).toMatchObject([{ id, status: "completed" }]);
  expect(await notificationsOf(userId)).toHaveLength(1);
});

test("a resolution that is told before the outcome that it replaced stays told", async () => {
  const objectId = await taskDocument();
  const userId = randomUUID();
  const { id, writes } = await lifecycle(deps, service.url, { objectId, userId });
  const { after } = last(writes);
  await resolveTask(deps, admin, id, completed({ resultUrl: "https://cdn.example.com/b.mp4" }));
  await trigger(deps, id, after);
  for (const write of writes.toReversed()) await triggered(deps, write);

  expect(await mapOf(objectId)).toMatchObject({ resultUrl: "https://cdn.example.com/b.mp4" });
  expect(await commentsOf(objectId)).toMatchObject([{ id, resultUrl: "https://cdn.example.com/b.mp4" }]);
  expect(await notificationsOf(userId)).toMatchObject([{ id: `${id}-5` }, { id: `${id}-6` }]);
});

test("a pending webhook that was deleted has no consequences, and does not come back", async () => {
  const objectId = await taskDocument();
  const { id, writes } = await lifecycle(deps, service.url, { objectId });
  await pendingWebhookRef(deps.db, id).delete();
  await deriveConsequences(deps, last(writes).after, await snapshotOf(deps, id));
  expect(await mapOf(objectId)).toBeUndefined();
  for (const write of writes) await triggered(deps, write);
  expect((await snapshotOf(deps, id)).exists).toBe(false);
  expect(await mapOf(objectId)).toMatchObject({ status: "completed" });
});

test("a queue that does not answer makes the trigger fail, after all else was done, and then run again", async () => {
  const objectId = await taskDocument();
  const id = await submitted(deps, { objectId });
  await pendingWebhookRef(deps.db, id).update({ sweepShard: FieldValue.delete() });
  const silent = new Error("the queue does not answer");
  const enqueue = () => Promise.reject(silent);
  const after = await snapshotOf(deps, id);

  await expect(deriveConsequences({ ...deps, enqueue }, undefined, after)).rejects.toBe(silent);
  expect(await mapOf(objectId)).toMatchObject({ correlationId: id, status: "pending" });
  expect((await snapshotOf(deps, id)).get("sweepShard")).toBeDefined();
  expect(deps.queued.filter(({ data }) => data.correlationId === id)).toEqual([]);

  await deriveConsequences(deps, undefined, after);
  expect(deps.queued.filter(({ data }) => data.correlationId === id)).toHaveLength(1);
});

test("a task document that cannot be written makes the trigger fail, after all else was done", async () => {
  const objectId = await taskDocument();
  const userId = randomUUID();
  const { writes } = await lifecycle(deps, service.url, { objectId, userId });
  const unavailable = Object.assign(new Error("14 UNAVAILABLE: try later"), { code: 14 });
  const db = replaced(deps.db, { runTransaction: () => Promise.reject(unavailable) });
  await expect(triggered({ ...deps, db }, last(writes))).rejects.toBe(unavailable);
  expect(await notificationsOf(userId)).toHaveLength(1);
  await triggered(deps, last(writes));
  expect(await mapOf(objectId)).toMatchObject({ status: "completed" });
  expect(await notificationsOf(userId)).toHaveLength(1);
});

test("each call that is due is put into the queue once, and no other write queues anything", async () => {
  const orders: { id: string; runAt: number }[] = [];
  const counting = {
    ...deps,
    enqueue: async ({ id, runAt }: { id: string; runAt: number }) => void orders.push({ id, runAt }),
  };
  serviceStatus = 500;
  const id = await submitted(counting, { worker: { url: service.url, auth: null } });
  let before = await trigger(counting, id);
  expect(orders).toEqual([{ id: `${id}-1`, runAt: before.get("nextAttemptAt") }]);

  const step = async (change: () => Promise<unknown>) => {
    orders.length = 0;
    await change();
    before = await trigger(counting, id, before);
    return orders;
  };
  expect(await step(() => pendingWebhookRef(deps.db, id).update({ priority: 3 }))).toEqual([]);
  const second = await step(() => dispatchTask(counting, { correlationId: id, attempt: 1 }));
  expect(second).toEqual([{ id: `${id}-2`, runAt: before.get("nextAttemptAt") }]);
  expect(before.get("nextAttemptAt")).toBeGreaterThan(before.get("attempts")[0].at.toMillis());
  const rescue = await step(() => pendingWebhookRef(deps.db, id).update({ rescues: 1 }));
  expect(rescue.map((order) => order.id)).toEqual([`${id}-2-rescue-1`]);
  serviceStatus = 202;
  deps.advance(1_000);
  expect(await step(() => dispatchTask(counting, { correlationId: id, attempt: 2 }))).toEqual([]);
  expect(before.get("status")).toBe("initiated");
  expect(await step(() => callBack(counting, id, { status: "progress", progress: 0.5 }))).toEqual([]);
  expect(await step(() => callBack(counting, id, { status: "success" }))).toEqual([]);
  expect(service.calls).toHaveLength(2);
});

const reference = (path: string) => ({ $storage: { bucket: "test", path, bytes: 1, sha256: "", contentType: "" } });

/** A task that names these parts, deleted; `others` are files beside them. */
async function deletedWith(parts: (folder: string) => object, files: (id: string) => string[]) {
  const id = await submitted(deps);
  for (const path of files(id)) deps.kept.set(path, "{}");
  await pendingWebhookRef(deps.db, id).update(parts(`results/${id}`));
  const before = await snapshotOf(deps, id);
  await pendingWebhookRef(deps.db, id).delete();
  const left = () => [...deps.kept.keys()].filter((path) => files(id).includes(path));
  return { id, before, after: await snapshotOf(deps, id), left };
}

test("what was too large for a task's document goes with it, by name, and nothing that is not its own", async () => {
  const { id, before, after, left } = await deletedWith(
    (folder) => ({
      file: { path: `${folder.replace("results", "uploads")}/f`, name: "f", contentType: "a/b", bytes: 1, sha256: "" },
      result: reference(`${folder}/1.json`),
      resultMetadata: reference(`${folder}/2.json`),
      lateCallback: { result: reference(`${folder}/3.json`), resultMetadata: reference("results/another/1.json") },
    }),
    (id) => [
      ...["1.json", "2.json", "3.json", "4.json"].map((name) => `results/${id}/${name}`),
      `uploads/${id}/f`,
      "results/another/1.json",
    ],
  );
  const deleteFolder = () => Promise.reject(new Error("the bucket is listed"));
  await deriveConsequences({ ...deps, files: { ...deps.files, deleteFolder } }, before, after);
  expect(left()).toEqual([`results/${id}/4.json`, "results/another/1.json"]);
});

test("of a task whose end came without its data, everything goes", async () => {
  const { id, after, left } = await deletedWith(
    () => ({ priority: 1 }),
    (id) => [`results/${id}/1.json`, `uploads/${id}/f`, `results/${id}-2/1.json`],
  );
  await deriveConsequences(deps, undefined, after);
  expect(left()).toEqual([`results/${id}-2/1.json`]);
});
