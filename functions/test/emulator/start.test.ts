import { type DocumentData, FieldValue, GeoPoint, Timestamp } from "firebase-admin/firestore";
import { startTask } from "../../src/tasks/start.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatchNext } from "../support/dispatching.ts";
import { startService } from "../support/recording-service.ts";
import { exampleMetadata, mapOf, taskFrom, tasksFrom, written } from "../support/task-documents.ts";
import { trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

/** The same database under the rules of production: https only, and no address that is not public. */
const strict = createTestDeps(deps.db, {}, { FUNCTIONS_EMULATOR: "false" });

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
  const snapshot = await written(deps, {
    taskMetadata: exampleMetadata,
    prompt: "A lighthouse at dusk",
    userId: "user-1",
    projectId: "project-1",
    assistantId: "assistant-1",
    followers: ["user-2"],
    metadata: { origin: "chat" },
  });
  await startTask(redirected, snapshot);

  const { correlationId: id, ...task } = await taskFrom(deps, snapshot);
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

  expect(sent).toEqual([exampleMetadata.webhookUrl]);
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
  const snapshot = await written(deps, {
    service: "video",
    prompt: "A lighthouse",
    userId: "user-1",
    taskMetadata: {},
  });
  await startTask(deps, snapshot);
  expect(await taskFrom(deps, snapshot)).toMatchObject({
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
  const snapshot = await written(deps, { taskMetadata: exampleMetadata, ...fields });
  await startTask(strict, snapshot);
  expect(await taskFrom(deps, snapshot)).toMatchObject({ ownerId, sealedAuth: expect.stringMatching(/^v1\./) });
});

test("the trigger's repetitions, at once or later, make one task", async () => {
  const snapshot = await written(deps, { taskMetadata: exampleMetadata });
  await Promise.all([startTask(deps, snapshot), startTask(deps, snapshot), startTask(deps, snapshot)]);
  await snapshot.ref.update({ title: "changed meanwhile", "taskMetadata.webhookAuth": "Bearer another" });
  await startTask(deps, snapshot);
  await startTask(deps, await snapshot.ref.get());
  expect(await tasksFrom(deps, snapshot)).toHaveLength(1);
  expect(await mapOf(snapshot)).toBeUndefined();
});

test("a document that is deleted and made again under the same name is a new task", async () => {
  const first = await written(deps, { taskMetadata: exampleMetadata });
  await startTask(deps, first);
  await first.ref.delete();
  const second = await written(deps, { taskMetadata: exampleMetadata }, first.id);
  await startTask(deps, second);
  await startTask(deps, first);
  const tasks = await tasksFrom(deps, first);
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
  const snapshot = await written(deps, data);
  await startTask(deps, snapshot);
  expect(await tasksFrom(deps, snapshot)).toEqual([]);
  expect((await snapshot.ref.get()).data()).toEqual(data);
});

test("what only Firestore knows is passed on as JSON", async () => {
  const due = Timestamp.fromDate(new Date("2026-01-02T03:04:05.678Z"));
  const odd = {
    due,
    from: deps.db.doc("tasks/other"),
    at: new GeoPoint(1, 2),
    bytes: Buffer.from("abc"),
    deep: [{ due }],
    vector: FieldValue.vector([1, 2]),
    odd: Number.NaN,
  };
  const snapshot = await written(deps, { taskMetadata: { ...exampleMetadata, webhookParams: odd }, metadata: odd });
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
  expect(await taskFrom(deps, snapshot)).toMatchObject({ params: json, metadata: json });
});
