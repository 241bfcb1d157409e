import { randomBytes, randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { type ReceivedRequest, type Receiver, startReceiver } from "../../../examples/receiver/receiver.ts";
import { keyRef } from "../support/api-client.ts";
import { fetchJson, hostingUrl, type StackAnswer, stackFirestore } from "../support/stack.ts";
import { waitFor } from "../support/wait-for.ts";

jest.setTimeout(120_000);
const patienceMs = 60_000;
const db = stackFirestore();
let receiver: Receiver;
let key: string;

/** Each test is an owner of its own, so that nothing of another one's reaches its subscribers. */
beforeEach(async () => {
  receiver = await startReceiver();
  key = randomBytes(24).toString("base64url");
  await keyRef(db, key).create({ ownerId: `owner-${randomUUID()}`, scopes: ["webhooks", "tasks:read", "tasks:write"] });
});
afterEach(() => receiver.close());
afterAll(() => db.terminate());

const call = (method: string, path: string, body?: unknown): Promise<StackAnswer> =>
  fetchJson(method, `${hostingUrl()}/api/v1${path}`, { headers: { "x-api-key": key }, body });

async function subscribe(parts: object): Promise<{ id: string; secret: string }> {
  const body = { name: "Test", url: `${receiver.url}/webhook`, events: ["*"], ...parts };
  const created = await call("POST", "/webhooks", body);
  expect(created.status).toBe(201);
  return { id: String(created.body.id), secret: String(created.body.secret_token) };
}

/** Registers a service that acknowledges, and submits a task to it; gives the task's id and where to call back. */
async function submit(parts: object = {}): Promise<{ id: string; callbackUrl: string }> {
  const service = `service-${randomUUID()}`;
  await db
    .collection("services")
    .doc(service)
    .set({ url: `${receiver.url}/callback`, eventPrefix: "job" });
  const { status, body } = await call("POST", "/tasks", { service, prompt: "A lighthouse", ...parts });
  expect(status).toBe(202);
  const outbound = await arrived(({ headers }) => headers["idempotency-key"] === body.id);
  return { id: String(body.id), callbackUrl: String((outbound.body as Record<string, unknown>).callbackUrl) };
}

async function callBack(task: { id: string; callbackUrl: string }, report: object): Promise<void> {
  const { status } = await fetchJson("POST", task.callbackUrl, { body: { correlationId: task.id, ...report } });
  expect(status).toBe(200);
}

const arrived = (wanted: (request: ReceivedRequest) => boolean) => receiver.waitFor(wanted, patienceMs);
const typeOf = ({ body }: ReceivedRequest) => (body as { type?: string }).type;
/** What the public library makes of a request; it throws where the signature is wrong. */
const verified = (secret: string, { rawBody, headers }: ReceivedRequest) =>
  new Webhook(secret).verify(rawBody, headers);

/** The one delivery of a webhook, when it is as wanted. */
const delivery = (webhookId: string, status: string) =>
  waitFor(`a delivery that is ${status}`, async () => {
    const { body } = await call("GET", `/webhooks/${webhookId}/deliveries?status=${status}`);
    return (body.data as Record<string, unknown>[])[0];
  });

test("a subscriber hears signed of a task that starts and completes", async () => {
  const { id: webhookId, secret } = await subscribe({ events: ["job.*"] });
  const task = await submit({ metadata: { order: 7 } });
  const started = await arrived((request) => typeOf(request) === "job.started");
  expect(verified(secret, started)).toMatchObject({ type: "job.started", data: { id: task.id, status: "initiated" } });
  await callBack(task, { status: "success", resultUrl: "https://cdn.example.com/a.mp4", result: { frames: 3 } });

  const completed = await arrived((request) => typeOf(request) === "job.completed");
  expect(verified(secret, completed)).toEqual({
    type: "job.completed",
    timestamp: expect.stringMatching(/Z$/),
    data: expect.objectContaining({
      id: task.id,
      status: "completed",
      result_url: "https://cdn.example.com/a.mp4",
      result: { frames: 3 },
      metadata: { order: 7 },
    }),
  });
  expect(started.headers["webhook-id"]).not.toBe(completed.headers["webhook-id"]);
  await waitFor("both deliveries on record", async () => {
    const { body } = await call("GET", `/webhooks/${webhookId}/deliveries?status=delivered`);
    return (body.data as unknown[]).length === 2 || undefined;
  });
});

test("a subscriber hears of an event that the application publishes, and of no other type than it asked for", async () => {
  const { secret } = await subscribe({ events: ["request.*"] });
  await call("POST", "/events", { type: "order.paid", payload: {} });
  const published = await call("POST", "/events", { type: "request.created", payload: { request_id: 123 } });
  const request = await arrived((received) => typeOf(received) === "request.created");
  expect(verified(secret, request)).toMatchObject({ type: "request.created", data: { request_id: 123 } });
  expect(request.headers["webhook-id"]).toBe(published.body.id);
  expect(receiver.received().map(typeOf)).toEqual(["request.created"]);
});

test("a subscriber that was down gets the same event again through the queue", async () => {
  const { id, secret } = await subscribe({
    url: `${receiver.url}/status/503?times=1`,
    events: ["job.completed"],
    format: "predict",
  });
  const task = await submit();
  await callBack(task, { status: "success", result: { label: "cat" } });
  const done = await delivery(id, "delivered");
  expect(done.attempts).toMatchObject([
    { number: 1, status_code: 503, success: false, fault: "subscriber" },
    { number: 2, status_code: 200, success: true },
  ]);
  const [first, second] = receiver.received().filter(({ path }) => path.startsWith("/status"));
  if (first === undefined || second === undefined) throw new Error("two requests were recorded, but did not arrive");
  expect(second.rawBody).toBe(first.rawBody);
  expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  expect(second.headers["webhook-timestamp"]).not.toBe(first.headers["webhook-timestamp"]);
  for (const request of [first, second]) {
    expect(verified(secret, request)).toMatchObject({ job_id: task.id, status: "completed", result: { label: "cat" } });
  }
  const [before, after] = (done.attempts as { at: string }[]).map(({ at }) => Date.parse(at));
  expect(Number(after) - Number(before)).toBeGreaterThanOrEqual(750);
});

test("a task's own callback URL gets the Task Service's payload, signed with its owner's secret", async () => {
  const metadata = { userId: "user-123", testResultId: "result-456" };
  const task = await submit({
    callback_url: `${receiver.url}/task-complete`,
    callback_format: "task-service",
    project_id: "detective_series_001",
    metadata,
  });
  const result = { media_url: "https://media.example.com/video_001.mp4", payload_media_id: "64f1b2c3a8d9e0f1" };
  await callBack(task, { status: "success", result, metadata: { processing_time: 45.2, tokens_used: 1250 } });
  const request = await arrived(({ path }) => path === "/task-complete");
  expect(request.body).toEqual({
    task_id: task.id,
    project_id: "detective_series_001",
    status: "completed",
    result: { ...result, metadata: { processing_time: 45.2, tokens_used: 1250 } },
    processing_time: expect.any(Number),
    completed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    metadata,
  });
  const { body } = await call("GET", "/signing-secret");
  expect(() => verified(String((body.secrets as string[])[0]), request)).not.toThrow();
  expect(receiver.received().filter(({ path }) => path === "/task-complete")).toHaveLength(1);
});

test("what could not be delivered is dead, listed, and delivered when it is retried", async () => {
  const { id } = await subscribe({ url: `${receiver.url}/status/500?times=1`, retry_count: 0 });
  const published = await call("POST", "/events", { type: "order.paid", payload: { order: 7 } });
  const dead = await delivery(id, "dead");
  expect(dead).toMatchObject({
    event_id: published.body.id,
    attempts: [{ status_code: 500, error: "It answered 500." }],
  });
  expect((await call("GET", "/deliveries?status=dead")).body.data).toMatchObject([{ id: dead.id }]);

  const retried = await call("POST", `/deliveries/${dead.id}/retry`);
  expect([retried.status, retried.body.status]).toEqual([202, "pending"]);
  const delivered = await delivery(id, "delivered");
  expect(delivered).toMatchObject({ id: dead.id, attempts: [{ status_code: 500 }, { status_code: 200 }] });
  const ids = receiver.received().map(({ headers }) => headers["webhook-id"]);
  expect(ids).toEqual([published.body.id, published.body.id]);
  expect((await call("GET", "/deliveries?status=dead")).body.data).toEqual([]);
});

test("a replay brings a time range again, and says when it is done", async () => {
  const { id } = await subscribe({});
  const since = new Date(Date.now() - 60_000).toISOString();
  const published = await call("POST", "/events", { type: "order.paid", payload: {} });
  await delivery(id, "delivered");
  const started = await call("POST", `/webhooks/${id}/replay`, { since });
  expect([started.status, started.body.total]).toEqual([202, 1]);
  const progress = `/webhooks/${id}/replays/${started.body.id}`;
  expect(started.headers.get("location")).toBe(`/api/v1${progress}`);
  await waitFor("the replay is done", async () => {
    const { body } = await call("GET", progress);
    return body.state === "done" ? body : undefined;
  });
  const ids = () => receiver.received().map(({ headers }) => headers["webhook-id"]);
  await waitFor("the second delivery", () => ids().length === 2 || undefined);
  expect(ids()).toEqual([published.body.id, published.body.id]);
});

test("TaskFlow's routes are served beside the API's own", async () => {
  const url = `${hostingUrl()}/api/webhooks`;
  const body = {
    name: "Flow",
    url: `${receiver.url}/webhook`,
    events: ["job.completed"],
    secret_token: "your-secret-token",
  };
  const created = await fetchJson("POST", url, { headers: { "x-api-key": key }, body });
  expect([created.status, created.body.format]).toEqual([201, "taskflow"]);
  const test = { event_type: "job.completed", sample_data: { custom: "test data" } };
  const answer = await fetchJson("POST", `${url}/${created.body.id}/test`, {
    headers: { "x-api-key": key },
    body: test,
  });
  expect([answer.status, answer.body.delivered, answer.body.status_code]).toEqual([200, true, 200]);
  expect(receiver.received()[0]?.headers["x-taskflow-event"]).toBe("job.completed");
});
