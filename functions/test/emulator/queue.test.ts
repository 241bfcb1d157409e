import { deleteApp, getApps, initializeApp } from "firebase-admin/app";
import { createQueue } from "../../src/platform/queue.ts";
import { startService } from "../support/recording-service.ts";

const task = {
  queue: "dispatchTask",
  id: "6f1d6f0c-6a0e-4c57-9a38-0f4b3c1f7f7a-2-rescue-1",
  data: { correlationId: "6f1d6f0c-6a0e-4c57-9a38-0f4b3c1f7f7a", attempt: 2 },
  runAt: Date.parse("2030-01-02T03:04:05.678Z"),
} as const;

const { CLOUD_TASKS_EMULATOR_HOST } = process.env;
afterAll(() => {
  if (CLOUD_TASKS_EMULATOR_HOST === undefined) delete process.env.CLOUD_TASKS_EMULATOR_HOST;
  else process.env.CLOUD_TASKS_EMULATOR_HOST = CLOUD_TASKS_EMULATOR_HOST;
});

/** A Cloud Tasks that answers with that status, and the queue in front of it. */
async function cloudTasks(status: number) {
  const error = { error: { code: status, message: "as the test says", status: "ANY" } };
  const headers = { "content-type": "application/json" };
  const service = await startService(() => ({ status, headers, body: status === 200 ? task : error }));
  process.env.CLOUD_TASKS_EMULATOR_HOST = new URL(service.url).host;
  // An app looks once where its Cloud Tasks is.
  await Promise.all(getApps().map(deleteApp));
  initializeApp({ projectId: "demo-queue" });
  return { calls: service.calls, enqueue: createQueue("europe-west1") };
}

test("an order goes to the queue of its function, under its name, with its time", async () => {
  const { calls, enqueue } = await cloudTasks(200);
  await enqueue(task);
  expect(calls).toHaveLength(1);
  expect(calls[0]?.path).toBe("/projects/demo-queue/locations/europe-west1/queues/dispatchTask/tasks");
  const queued = (calls[0]?.body.task ?? {}) as { name: string; scheduleTime: string; httpRequest: { body: string } };
  expect(queued.name).toBe(`projects/demo-queue/locations/europe-west1/queues/dispatchTask/tasks/${task.id}`);
  expect(Date.parse(queued.scheduleTime)).toBe(task.runAt);
  expect(JSON.parse(Buffer.from(queued.httpRequest.body, "base64").toString())).toEqual({ data: task.data });
});

test("a name that was queued before is left out in silence", async () => {
  const { calls, enqueue } = await cloudTasks(409);
  await enqueue(task);
  expect(calls).toHaveLength(1);
});

test.each([400, 403, 404])("a queue that answers %i is an error, so that the trigger runs again", async (status) => {
  const { enqueue } = await cloudTasks(status);
  await expect(enqueue(task)).rejects.toThrow("as the test says");
});
