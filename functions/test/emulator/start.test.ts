import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DocumentData, type DocumentSnapshot, FieldValue, GeoPoint, Timestamp } from "firebase-admin/firestore";
import { BoomerangError } from "../../src/domain/errors.ts";
import { type PendingWebhook, pendingWebhooks, readPendingWebhook } from "../../src/tasks/pending-webhook.ts";
import { startTask } from "../../src/tasks/start.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatchNext } from "../support/dispatching.ts";
import { replaced } from "../support/interference.ts";
import { startService } from "../support/recording-service.ts";
import { trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

/** The example of a `taskMetadata` that the product was ordered with, word for word. */
const metadataOfSeed: { readonly webhookUrl: string; readonly webhookParams: object } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/webhook-task-metadata.json"), "utf8"),
);

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

/** The same database under the rules of production: https only, and no address that is not public. */
const strict = createTestDeps(deps.db, {}, { FUNCTIONS_EMULATOR: "false" });

const taskRef = (taskId: string) => deps.db.collection("tasks").doc(taskId);

/** Writes a document of the app's, and gives what its trigger gets. */
async function written(data: DocumentData, taskId: string = randomUUID()): Promise<DocumentSnapshot> {
  await taskRef(taskId).set(data);
  return await taskRef(taskId).get();
}

/** Every task that came of that document. */
async function tasksOf(snapshot: DocumentSnapshot): Promise<PendingWebhook[]> {
  const { docs } = await pendingWebhooks(deps.db).where("objectId", "==", snapshot.id).get();
  return docs.map((doc) => readPendingWebhook(doc.data()));
}

async function taskOf(snapshot: DocumentSnapshot): Promise<PendingWebhook> {
  const [task, ...others] = await tasksOf(snapshot);
  if (task === undefined || others.length > 0) throw new Error(`${others.length} tasks too many, or none`);
  return task;
}

/** The map `webhook` as the app reads it. */
async function mapOf(snapshot: DocumentSnapshot): Promise<unknown> {
  return (await snapshot.ref.get()).get("webhook");
}

test("a document with seed 002's task metadata becomes a task, and its parameters stand at the top of the call's body", async () => {
  const service = await startService(() => ({ status: 200, body: { status: "accepted", estimatedCompletion: "20s" } }));
  const sent: string[] = [];
  const redirected: TestDeps = {
    ...deps,
    send: (request) => {
      sent.push(request.url);
      return deps.send({ ...request, url: service.url });
    },
  };
  const snapshot = await written({
    taskMetadata: metadataOfSeed,
    prompt: "A lighthouse at dusk",
    userId: "user-1",
    projectId: "project-1",
    assistantId: "assistant-1",
    followers: ["user-2"],
    metadata: { origin: "chat" },
  });
  await startTask(redirected, snapshot);

  const { correlationId: id, ...task } = await taskOf(snapshot);
  expect(task).toMatchObject({
    ownerId: "user-1",
    userId: "user-1",
    projectId: "project-1",
    assistantId: "assistant-1",
    objectId: snapshot.id,
    followers: ["user-2"],
    service: null,
    webhookUrl: "https://your-external-service.com/api/generate-video",
    params: { quality: "high", format: "mp4" },
    status: "pending",
    retryOf: null,
  });
  await trigger(redirected, id);
  expect(await dispatchNext(redirected, id)).toMatchObject({ status: "initiated", estimatedCompletion: "20s" });

  expect(sent).toEqual([metadataOfSeed.webhookUrl]);
  expect(service.calls).toHaveLength(1);
  expect(service.calls[0]?.headers.authorization).toBe("Bearer your-api-key");
  expect(service.calls[0]?.body).toEqual({
    quality: "high",
    format: "mp4",
    correlationId: id,
    callbackUrl: expect.stringContaining(`/webhookCallback/${id}?token=`),
    prompt: "A lighthouse at dusk",
    taskId: snapshot.id,
    userId: "user-1",
    projectId: "project-1",
    assistantId: "assistant-1",
    metadata: { origin: "chat" },
  });
  await callBack(redirected, id, { status: "success", resultUrl: "https://cdn.example.com/result.mp4" });
  await trigger(redirected, id);
  expect(await mapOf(snapshot)).toMatchObject({ status: "completed", resultUrl: "https://cdn.example.com/result.mp4" });
});

test("a document that names a registered service becomes a task of that service", async () => {
  await deps.db.doc("services/video").set({ url: "http://127.0.0.1:9/generate", params: { fps: 24 } });
  const snapshot = await written({ service: "video", prompt: "A lighthouse", userId: "user-1", taskMetadata: {} });
  await startTask(deps, snapshot);
  expect(await taskOf(snapshot)).toMatchObject({
    service: "video",
    webhookUrl: "http://127.0.0.1:9/generate",
    params: { fps: 24 },
    prompt: "A lighthouse",
    ownerId: "user-1",
    status: "pending",
  });
});

test.each([
  [{ userId: "user-1", projectId: "project-1" }, "user-1"],
  [{ projectId: "project-1" }, "project-1"],
  [{}, "app"],
])("the task of a document with %j belongs to %s", async (fields, ownerId) => {
  const snapshot = await written({ taskMetadata: metadataOfSeed, ...fields });
  await startTask(strict, snapshot);
  expect(await taskOf(snapshot)).toMatchObject({ ownerId, sealedAuth: expect.stringMatching(/^v1\./) });
});

test("the trigger's repetitions, at once or later, make one task", async () => {
  const snapshot = await written({ taskMetadata: metadataOfSeed });
  await Promise.all([startTask(deps, snapshot), startTask(deps, snapshot), startTask(deps, snapshot)]);
  await snapshot.ref.update({ title: "changed meanwhile", "taskMetadata.webhookAuth": "Bearer another" });
  await startTask(deps, snapshot);
  await startTask(deps, await snapshot.ref.get());
  expect(await tasksOf(snapshot)).toHaveLength(1);
  expect(await mapOf(snapshot)).toBeUndefined();
});

test("a document that is deleted and made again under the same name is a new task", async () => {
  const first = await written({ taskMetadata: metadataOfSeed });
  await startTask(deps, first);
  await first.ref.delete();
  const second = await written({ taskMetadata: metadataOfSeed }, first.id);
  await startTask(deps, second);
  await startTask(deps, first);
  const tasks = await tasksOf(first);
  expect(new Set(tasks.map(({ correlationId }) => correlationId)).size).toBe(2);
  expect(tasks).toHaveLength(2);
});

test.each<[string, DocumentData]>([
  ["no field of ours", { title: "Buy milk", done: false }],
  ["nothing in it", {}],
  ["no service", { service: null, prompt: "x" }],
  ["task metadata of another kind", { taskMetadata: { isWebhookTask: false, webhookUrl: "nonsense" } }],
  ["task metadata that says yes in another way", { taskMetadata: { isWebhookTask: "true" } }],
  ["task metadata that is no map", { taskMetadata: "isWebhookTask" }],
  ["task metadata that is null", { taskMetadata: null, userId: 7, metadata: "mine" }],
  ["a list as task metadata", { taskMetadata: [{ isWebhookTask: true }] }],
])("a document with %s is the app's own, and left alone", async (_, data) => {
  const snapshot = await written(data);
  await startTask(deps, snapshot);
  expect(await tasksOf(snapshot)).toEqual([]);
  expect((await snapshot.ref.get()).data()).toEqual(data);
});

const webhookTask = (changes: DocumentData) => ({ taskMetadata: { ...metadataOfSeed, ...changes } });
const { webhookUrl: _, ...withoutUrl } = metadataOfSeed;

test.each<[string, string, DocumentData]>([
  ["both a service and task metadata", "service", { service: "video", taskMetadata: metadataOfSeed }],
  ["no URL", "taskMetadata.webhookUrl", { taskMetadata: withoutUrl }],
  ["an empty URL", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "" })],
  ["a URL that is none", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "generate-video" })],
  ["an http URL", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "http://example.com/" })],
  ["a loopback address", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://127.0.0.1/" })],
  ["a private address", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://192.168.0.1/" })],
  ["the metadata server", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://169.254.169.254/" })],
  ["credentials in the URL", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://me:pw@example.com/" })],
  ["a URL that is a number", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: 7 })],
  ["an empty credential", "taskMetadata.webhookAuth", webhookTask({ webhookAuth: "" })],
  ["a credential that is a map", "taskMetadata.webhookAuth", webhookTask({ webhookAuth: { key: "k" } })],
  ["parameters that are a list", "taskMetadata.webhookParams", webhookTask({ webhookParams: ["high"] })],
  ["parameters that are a text", "taskMetadata.webhookParams", webhookTask({ webhookParams: "high" })],
  ["a service that is not registered", "service", { service: "unheard-of" }],
  ["a service with a slash", "service", { service: "a/b" }],
  ["a service that is a map", "service", { service: { name: "video" } }],
  ["a prompt that is a number", "prompt", { ...webhookTask({}), prompt: 7 }],
  ["a prompt that is too long", "prompt", { ...webhookTask({}), prompt: "x".repeat(100_001) }],
  ["a userId with a slash", "userId", { ...webhookTask({}), userId: "users/user-1" }],
  ["a reserved userId", "userId", { ...webhookTask({}), userId: "__user__" }],
  ["a projectId that is empty", "projectId", { ...webhookTask({}), projectId: "" }],
  ["an assistantId that is a list", "assistantId", { ...webhookTask({}), assistantId: ["a"] }],
  ["101 followers", "followers", { ...webhookTask({}), followers: Array.from({ length: 101 }, (_, n) => `user-${n}`) }],
  ["a follower with a slash", "followers.1", { ...webhookTask({}), followers: ["user-1", "a/b"] }],
  ["followers that are a text", "followers", { ...webhookTask({}), followers: "user-1" }],
  ["metadata that is a text", "metadata", { ...webhookTask({}), metadata: "mine" }],
  ["metadata that is too large", "metadata", { ...webhookTask({}), metadata: { text: "x".repeat(65_536) } }],
  ["a priority over 9", "priority", { ...webhookTask({}), priority: 10 }],
  ["a private callbackUrl", "callbackUrl", { ...webhookTask({}), callbackUrl: "https://10.0.0.1/told" }],
  ["an unknown callbackFormat", "callbackFormat", { ...webhookTask({}), callbackFormat: "fax" }],
])("a document with %s learns so in its map webhook, by the name %s", async (_, field, data) => {
  const snapshot = await written({ title: "mine", ...data });
  await startTask(strict, snapshot);
  await startTask(strict, snapshot);

  expect(await tasksOf(snapshot)).toEqual([]);
  expect(await mapOf(snapshot)).toEqual({
    correlationId: null,
    status: "failed",
    progress: null,
    resultUrl: null,
    error: expect.stringContaining(`${field}: `),
    updatedAt: expect.any(Timestamp),
  });
  const { taskMetadata, webhook, ...rest } = (await snapshot.ref.get()).data() ?? {};
  const { taskMetadata: given, ...kept } = data;
  expect(rest).toEqual({ title: "mine", ...kept });
});

test("every wrong field is named at once", async () => {
  const snapshot = await written({ ...webhookTask({ webhookUrl: 7 }), userId: "a/b", priority: -1 });
  await startTask(deps, snapshot);
  expect(await mapOf(snapshot)).toMatchObject({
    error: expect.stringMatching(/taskMetadata\.webhookUrl: .+; userId: .+; priority: /),
  });
});

test("the credential of a document that is wrong does not stay there in the clear", async () => {
  const snapshot = await written({ ...webhookTask({ webhookUrl: "https://10.0.0.1/" }), userId: "user-1" });
  await startTask(deps, snapshot);
  const auth: unknown = (await snapshot.ref.get()).get("taskMetadata.webhookAuth");
  expect(deps.keys.open(String(auth))).toBe("Bearer your-api-key");
});

test("what only Firestore knows is passed on as JSON", async () => {
  const due = Timestamp.fromDate(new Date("2026-01-02T03:04:05.678Z"));
  const odd = {
    due,
    from: taskRef("other"),
    at: new GeoPoint(1, 2),
    bytes: Buffer.from("abc"),
    deep: [{ due }],
    vector: FieldValue.vector([1, 2]),
    odd: Number.NaN,
  };
  const snapshot = await written({ ...webhookTask({ webhookParams: odd }), metadata: odd });
  await startTask(deps, snapshot);
  const json = {
    due: "2026-01-02T03:04:05.678Z",
    from: "tasks/other",
    at: { latitude: 1, longitude: 2 },
    bytes: "YWJj",
    deep: [{ due: "2026-01-02T03:04:05.678Z" }],
    vector: [1, 2],
    odd: null,
  };
  expect(await taskOf(snapshot)).toMatchObject({ params: json, metadata: json });
});

test("a document that is deleted before its error is written stays deleted", async () => {
  const snapshot = await written({ service: "unheard-of" });
  await snapshot.ref.delete();
  await startTask(deps, snapshot);
  expect((await snapshot.ref.get()).exists).toBe(false);
});

test("a failure of the database is thrown, so that the trigger runs again, and is no error of the document", async () => {
  const snapshot = await written({ taskMetadata: metadataOfSeed });
  const unavailable = Object.assign(new Error("14 UNAVAILABLE: try later"), { code: 14 });
  const down = replaced(deps.db, {
    collection: () => {
      throw unavailable;
    },
  });
  await expect(startTask({ ...deps, db: down }, snapshot)).rejects.toBe(unavailable);
  expect(await mapOf(snapshot)).toBeUndefined();
  await startTask(deps, snapshot);
  expect(await tasksOf(snapshot)).toHaveLength(1);
});

test.each([
  ["not there", Object.assign(new Error("14 UNAVAILABLE: try later"), { code: 14 })],
  ["busy", new BoomerangError("contention", "Try again.", { status: 503, retryable: true })],
  ["wrongly configured", new BoomerangError("bad_configuration", "BOOMERANG_SECRET is not set.")],
])("a registry of services that is %s is no error of the document: the trigger runs again", async (_, failure) => {
  const snapshot = await written({ service: "video" });
  const findService = () => Promise.reject(failure);
  await expect(startTask({ ...deps, findService }, snapshot)).rejects.toBe(failure);
  expect(await mapOf(snapshot)).toBeUndefined();
});
