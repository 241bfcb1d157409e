import { randomUUID } from "node:crypto";
import { Timestamp } from "firebase-admin/firestore";
import { completed } from "../../src/domain/outcome.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { resolveTask } from "../../src/tasks/resolve.ts";
import { retryTask } from "../../src/tasks/retry.ts";
import { startTask } from "../../src/tasks/start.ts";
import { appDocuments } from "../support/app-documents.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatchNext } from "../support/dispatching.ts";
import { last, lifecycle, triggered } from "../support/lifecycle.ts";
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

test("the task document's map tells of every state, with these fields and no other", async () => {
  const objectId = await taskDocument();
  const { id, writes } = await lifecycle(deps, service.url, { objectId });
  const told: unknown[] = [];
  for (const write of writes) {
    await triggered(deps, write);
    told.push(await mapOf(objectId));
  }
  const common = { correlationId: id, error: null };
  expect(told).toEqual([
    { ...common, status: "pending", progress: null, resultUrl: null, updatedAt: writes[0]?.after.updateTime },
    { ...common, status: "initiated", progress: null, resultUrl: null, updatedAt: writes[1]?.after.updateTime },
    { ...common, status: "initiated", progress: 0.5, resultUrl: null, updatedAt: writes[2]?.after.updateTime },
    { ...common, status: "completed", progress: 1, resultUrl, updatedAt: writes[3]?.after.updateTime },
  ]);
  expect(await read(objectId)).toEqual({ title: "mine", webhook: told.at(-1) });
});

test("the result is a comment by the assistant", async () => {
  const objectId = await taskDocument();
  const { id, writes } = await lifecycle(deps, service.url, { objectId, assistantId: "assistant-1" });
  await triggered(deps, last(writes));
  const { after } = last(writes);
  expect(await commentsOf(objectId)).toEqual([
    {
      id,
      correlationId: id,
      authorId: "assistant-1",
      authorType: "assistant",
      text: `Done: ${resultUrl}`,
      status: "completed",
      resultUrl,
      resultMetadata: { title: "A" },
      error: null,
      createdAt: after.get("completedAt"),
      updatedAt: after.updateTime,
    },
  ]);
});

test("a task document that was deleted meanwhile does not come back, nor does a comment below it", async () => {
  const objectId = await taskDocument();
  const userId = randomUUID();
  const { writes } = await lifecycle(deps, service.url, { objectId, userId });
  await deps.db.doc(`tasks/${objectId}`).delete();
  for (const write of writes) await triggered(deps, write);
  expect(await read(objectId)).toBeUndefined();
  expect(await commentsOf(objectId)).toEqual([]);
  expect(await notificationsOf(userId)).toHaveLength(1);
});

test("the credential in a task document is encrypted when the task is taken, and a copy of the document still works", async () => {
  const auth = "Bearer your-api-key";
  const objectId = await taskDocument({
    taskMetadata: {
      isWebhookTask: true,
      webhookUrl: service.url,
      webhookAuth: auth,
      webhookParams: { quality: "high" },
    },
  });
  const start = async (document: string) => {
    const snapshot = await deps.db.doc(`tasks/${document}`).get();
    await startTask(deps, snapshot);
    const found = await deps.db.collection("pendingWebhooks").where("objectId", "==", document).get();
    return found.docs[0]?.id ?? "";
  };
  const id = await start(objectId);
  await trigger(deps, id);
  const sealed = await read(objectId);
  expect(sealed?.taskMetadata).toMatchObject({ isWebhookTask: true, webhookUrl: service.url });
  expect(JSON.stringify(sealed)).not.toContain("your-api-key");
  expect(JSON.stringify((await snapshotOf(deps, id)).data())).not.toContain("your-api-key");
  await trigger(deps, id);
  expect(await read(objectId)).toEqual(sealed);

  const copy = await start(await taskDocument(sealed));
  expect(copy).not.toBe(id);
  await trigger(deps, copy);
  await dispatchNext(deps, copy);
  expect(service.calls.map(({ headers }) => headers.authorization)).toEqual([auth]);
  expect(await mapOf((await snapshotOf(deps, copy)).get("objectId"))).toMatchObject({ correlationId: copy });
});

/** A task that failed and was retried, with all that its triggers would get. */
async function retried(objectId: string) {
  const old = await submitted(deps, { objectId });
  const created = await snapshotOf(deps, old);
  await callBack(deps, old, { status: "error", error: "no credits" });
  const ended = await snapshotOf(deps, old);
  deps.advance(1_000);
  const { task } = await retryTask(deps, owner, old);
  return { old, created, ended, young: task.correlationId };
}

test("a task that was retried tells of the retry, even if the triggers of the first try come late", async () => {
  const objectId = await taskDocument();
  const { old, created, ended, young } = await retried(objectId);
  await trigger(deps, young);
  await deriveConsequences(deps, created, ended);
  await deriveConsequences(deps, undefined, created);
  expect(await mapOf(objectId)).toMatchObject({ correlationId: young, status: "pending", error: null });
  expect(await commentsOf(objectId)).toMatchObject([{ id: old, status: "failed" }]);
});

test.each(["before", "after"])(
  "a first try that is resolved after its retry, and told %s it, leaves the map to the retry",
  async (when) => {
    const objectId = await taskDocument();
    const { old, ended, young } = await retried(objectId);
    await resolveTask(deps, admin, old, completed({ resultUrl }));
    if (when === "before") await trigger(deps, old, ended);
    await trigger(deps, young);
    if (when === "after") await trigger(deps, old, ended);
    expect(await mapOf(objectId)).toMatchObject({ correlationId: young, status: "pending" });
    expect(await commentsOf(objectId)).toMatchObject([{ id: old, status: "completed", resultUrl }]);
  },
);

test("a map that tells of a task that is gone is written anew", async () => {
  const webhook = { correlationId: randomUUID(), status: "completed", updatedAt: Timestamp.fromMillis(0) };
  const objectId = await taskDocument({ webhook });
  const id = await submitted(deps, { objectId });
  await trigger(deps, id);
  expect(await mapOf(objectId)).toMatchObject({ correlationId: id, status: "pending" });
});

test.each([["a text"], [7], [null], [["list"]], [{ correlationId: "a/b", updatedAt: "yesterday" }]])(
  "a map that something else wrote (%j) is replaced",
  async (webhook) => {
    const objectId = await taskDocument({ webhook });
    const id = await submitted(deps, { objectId });
    await trigger(deps, id);
    expect(Object.keys(await mapOf(objectId)).sort()).toEqual(
      ["correlationId", "error", "progress", "resultUrl", "status", "updatedAt"].sort(),
    );
    expect(await mapOf(objectId)).toMatchObject({ correlationId: id });
  },
);
