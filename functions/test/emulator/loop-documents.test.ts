import { randomUUID } from "node:crypto";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { fetchJson, stackFirestore } from "../support/stack.ts";
import { waitFor, waitForDocument } from "../support/wait-for.ts";

jest.setTimeout(90_000);
const db = stackFirestore();
afterAll(() => db.terminate());

const accepted = { body: { status: "accepted", estimatedCompletion: "20s" } };
const firstCall = (service: RecordingService) => waitFor("the outbound call", () => service.calls[0]);
const newTaskRef = () => db.collection("tasks").doc(`task-${randomUUID()}`);
type TaskRef = ReturnType<typeof newTaskRef>;
const written = (ref: TaskRef, status: string) => waitForDocument(ref, (task) => task.webhook?.status === status);

test("a task document that names a service is done, and user and followers read so", async () => {
  const service = await startService(() => accepted);
  const name = `video-${randomUUID()}`;
  await db
    .doc(`services/${name}`)
    .set({ provider: "generic", url: service.url, params: { fps: 30 }, eventPrefix: "job" });
  const [userId, follower] = [`user-${randomUUID()}`, `user-${randomUUID()}`];
  const document = { title: "Own field", service: name, prompt: "A boat", userId, projectId: "p1", assistantId: "a1" };
  const taskRef = newTaskRef();
  await taskRef.create({ ...document, followers: [follower, userId], metadata: { order: 7 } });

  const { body } = await firstCall(service);
  const id = body.correlationId;
  const said = {
    taskId: taskRef.id,
    prompt: "A boat",
    userId,
    projectId: "p1",
    assistantId: "a1",
    metadata: { order: 7 },
    fps: 30,
  };
  expect(body).toMatchObject(said);
  await written(taskRef, "initiated");
  const halfway = { correlationId: id, status: "progress", progress: 0.6 };
  expect((await fetchJson("POST", String(body.callbackUrl), { body: halfway })).status).toBe(200);
  await waitForDocument(taskRef, (task) => task.webhook?.progress === 0.6);
  const success = {
    correlationId: id,
    status: "success",
    resultUrl: "https://cdn.example.com/a.mp4",
    metadata: { t: "A" },
  };
  expect((await fetchJson("POST", String(body.callbackUrl), { body: success })).status).toBe(200);

  const done = await written(taskRef, "completed");
  expect(done).toMatchObject(document);
  expect(done.webhook).toMatchObject({ correlationId: id, progress: 1, resultUrl: success.resultUrl, error: null });
  const comment = await waitForDocument(taskRef.collection("comments").doc(String(id)));
  const text = "Done: https://cdn.example.com/a.mp4";
  expect(comment).toMatchObject({ authorId: "a1", authorType: "assistant", text, resultMetadata: { t: "A" } });
  for (const person of [userId, follower]) {
    const notification = await waitForDocument(db.doc(`users/${person}/notifications/${id}-5`));
    expect(notification).toMatchObject({ type: "job.completed", taskId: taskRef.id, projectId: "p1", read: false });
  }
  expect((await taskRef.collection("comments").get()).size).toBe(1);
  expect(service.calls).toHaveLength(1);
});

test("a task document with taskMetadata, as the first version had them, calls its own URL with its own key", async () => {
  const service = await startService(() => accepted);
  const taskRef = newTaskRef();
  const taskMetadata = {
    isWebhookTask: true,
    webhookUrl: service.url,
    webhookAuth: "Bearer your-api-key",
    webhookParams: { quality: "high", format: "mp4" },
  };
  await taskRef.create({ taskMetadata, prompt: "User's prompt", userId: "u1", projectId: "p1" });

  const { headers, body } = await firstCall(service);
  expect(headers.authorization).toBe("Bearer your-api-key");
  const said = {
    prompt: "User's prompt",
    taskId: taskRef.id,
    userId: "u1",
    projectId: "p1",
    quality: "high",
    format: "mp4",
  };
  expect(body).toMatchObject(said);
  await written(taskRef, "initiated");
  const failure = { correlationId: body.correlationId, status: "error", error: "Error description" };
  expect((await fetchJson("POST", String(body.callbackUrl), { body: failure })).status).toBe(200);

  const failed = await written(taskRef, "failed");
  expect(failed.webhook).toMatchObject({ error: "Error description", resultUrl: null });
  const comment = await waitForDocument(taskRef.collection("comments").doc(String(body.correlationId)));
  expect(comment).toMatchObject({ text: "The task failed: Error description", status: "failed" });
  const stored = [failed, (await db.doc(`pendingWebhooks/${body.correlationId}`).get()).data()];
  expect(JSON.stringify(stored)).not.toContain("your-api-key");
});

test("a task document that is wrong says so in its map webhook, field by field", async () => {
  const taskRef = newTaskRef();
  await taskRef.create({
    taskMetadata: { isWebhookTask: true, webhookUrl: 7, webhookAuth: "Bearer your-api-key" },
    prompt: [],
  });
  const failed = await written(taskRef, "failed");
  expect(failed.webhook).toMatchObject({ correlationId: null, resultUrl: null });
  expect(failed.webhook.error).toMatch(/taskMetadata\.webhookUrl: .*prompt: /);

  const unknown = newTaskRef();
  await unknown.create({ service: "nobody-registered-this", userId: "u1" });
  expect((await written(unknown, "failed")).webhook.error).toContain("nobody-registered-this");
});

test("a task document that asks for no slow work is left alone", async () => {
  const plain = newTaskRef();
  await plain.create({ title: "Buy milk", taskMetadata: { isWebhookTask: false } });
  // One that does, written after it, comes back: the trigger has been past the first.
  const marker = newTaskRef();
  await marker.create({ service: "nobody-registered-this" });
  await written(marker, "failed");
  expect((await plain.get()).data()).toEqual({ title: "Buy milk", taskMetadata: { isWebhookTask: false } });
});
