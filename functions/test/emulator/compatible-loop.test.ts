import { createHmac } from "node:crypto";
import { initializeApp } from "firebase-admin/app";
import { getStorage } from "firebase-admin/storage";
import { Webhook } from "standardwebhooks";
import { type ReceivedRequest, type Receiver, startReceiver } from "../../../examples/receiver/receiver.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { documented, newOwner, putService, replay } from "../support/documented-requests.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { fetchJson, hostingUrl, stackFirestore } from "../support/stack.ts";
import { waitFor } from "../support/wait-for.ts";

/** Other systems' requests, as their documentation prints them, on the running stack. */

jest.setTimeout(120_000);
const patienceMs = 60_000;
const db = stackFirestore();
initializeApp();
const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const anyTime = expect.stringMatching(seconds);
let receiver: Receiver;
let service: RecordingService;
let key: string;

beforeEach(async () => {
  receiver = await startReceiver();
  service = await startService(() => ({ status: 202 }));
  key = await newOwner(db);
});
afterEach(() => receiver.close());
afterAll(() => db.terminate());

/** What the service was told of the task. */
const told = (id: unknown) =>
  waitFor("the outbound call", () => service.calls.find(({ headers }) => headers["idempotency-key"] === id)?.body);

async function report(id: unknown, said: object): Promise<void> {
  const { callbackUrl } = await told(id);
  const { status } = await fetchJson("POST", String(callbackUrl), { body: { correlationId: id, ...said } });
  expect(status).toBe(200);
}

const arrived = (wanted: (request: ReceivedRequest) => boolean) => receiver.waitFor(wanted, patienceMs);
const atPath = (path: string) => (request: ReceivedRequest) => request.path === path;

/** What the owner's secret makes of a webhook: the public library's opinion, which throws where the signature is wrong. */
async function verified({ rawBody, headers }: ReceivedRequest): Promise<string> {
  const answer = await fetchJson("GET", `${hostingUrl()}/api/v1/signing-secret`, { headers: { "x-api-key": key } });
  const [secret = ""] = answer.body.secrets as string[];
  new Webhook(secret).verify(rawBody, headers);
  return secret;
}

describe("the Task Service", () => {
  const { submit, status, success, failure } = documented("task-service");

  async function submitted() {
    await putService("video_generation", service.url);
    const callback_url = `${receiver.url}/api/webhooks/task-complete`;
    const answer = await replay(submit, key, { changed: { callback_url } });
    const { project_id, task_type } = submit.body;
    expect([answer.status, answer.body]).toMatchObject([202, { project_id, task_type, status: "pending" }]);
    return answer.body.task_id;
  }

  test("a task is submitted and called back when it has succeeded, with every documented field", async () => {
    const id = await submitted();
    expect(await told(id)).toMatchObject({ prompt: "Generate a detective scene", duration: 30 });
    const open = await replay(status, key, { id });
    expect(open.body).toMatchObject({ task_id: id, metadata: submit.body.metadata });
    expect(["pending", "processing"]).toContain(open.body.status);
    const { media_url: resultUrl, metadata, ...result } = success.result;
    await report(id, { status: "success", resultUrl, result, metadata });

    const webhook = await arrived(atPath("/api/webhooks/task-complete"));
    await verified(webhook);
    const own = { task_id: id, processing_time: expect.any(Number), completed_at: anyTime };
    expect(webhook.body).toEqual({ ...success, ...own });
    const asked = await replay(status, key, { id });
    expect([asked.status, asked.body]).toMatchObject([200, webhook.body as object]);
  });

  test("and when it has failed", async () => {
    const id = await submitted();
    const { error, traceback } = failure;
    await report(id, { status: "error", error, metadata: { traceback } });
    const webhook = await arrived(atPath("/api/webhooks/task-complete"));
    await verified(webhook);
    expect(webhook.body).toEqual({ ...failure, task_id: id, failed_at: anyTime });
    expect((await replay(status, key, { id })).body).toMatchObject(webhook.body as object);
  });
});

describe("the prediction service", () => {
  const { submit, webhook, status } = documented("prediction");

  test("a job is submitted, its webhook arrives signed, and its status shows every attempt", async () => {
    await putService("predict", service.url);
    const webhook_url = `${receiver.url}/status/503?times=1`;
    const answer = await replay(submit, key, { changed: { webhook_url } });
    const { job_id } = answer.body;
    expect([answer.status, answer.body]).toEqual([202, { ...submit.answer, job_id: expect.any(String) }]);
    expect(await told(job_id)).toMatchObject({ prompt: "Great product!", text: "Great product!" });
    const before = await replay(status, key, { id: job_id });
    expect(before.body).toEqual({ job_id, webhook_url, delivery_status: "pending", attempts: [] });
    await report(job_id, { status: "success", result: webhook.body.result });

    const shown = await waitFor("the delivery", async () => {
      const { body } = await replay(status, key, { id: job_id });
      return body.delivery_status === "delivered" ? body : undefined;
    });
    const second = { ...status.answer.attempts[0], attempt: 2, timestamp: anyTime };
    const first = { attempt: 1, timestamp: anyTime, status_code: 503, success: false, error: "It answered 503." };
    expect(shown).toEqual({ ...status.answer, job_id, webhook_url, attempts: [first, second] });
    const [received] = receiver.received();
    if (received === undefined) throw new Error("nothing was received");
    expect(received.body).toEqual({ ...webhook.body, job_id, timestamp: anyTime });
    expect(received.headers["content-type"]).toBe("application/json");
    const hmac = createHmac("sha256", await verified(received)).update(received.rawBody);
    expect(received.headers["x-signature"]).toBe(`sha256=${hmac.digest("hex")}`);
  });

  test("a webhook is optional", async () => {
    await putService("predict", service.url);
    const answer = await replay(submit, key, { changed: { webhook_url: undefined } });
    const { job_id } = answer.body;
    expect(answer.body).toEqual({ job_id, status: "processing", webhook_registered: false });
    const { body } = await replay(status, key, { id: job_id });
    expect(body).toEqual({ job_id, webhook_url: null, delivery_status: "not_registered", attempts: [] });
  });
});

describe("MoRAG", () => {
  const { ingest, status, history, recent, webhooks } = documented("morag");
  const pdf = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(100_000, 7)]);

  async function ingested() {
    await putService("ingest", service.url);
    const form = new FormData();
    form.set("source_type", ingest.form.source_type);
    form.set("file", new Blob([pdf], { type: "application/pdf" }), ingest.form.file.slice(1));
    form.set("webhook_url", `${receiver.url}/webhook`);
    const headers = { Authorization: `Bearer ${key}` };
    const answer = await fetch(hostingUrl() + ingest.path, { method: ingest.method, headers, body: form });
    const body = (await answer.json()) as Record<string, unknown>;
    expect([answer.status, body]).toMatchObject([202, { task_id: expect.any(String), status: "pending" }]);
    return body.task_id;
  }

  const metadata = () => ({ source_type: "document", webhook_url: `${receiver.url}/webhook` });
  /** What the documentation prints, with this task's own values. */
  const asDocumented = (printed: { event_type: string; data: object }, id: unknown) => ({
    ...printed,
    timestamp: anyTime,
    data: { ...printed.data, task_id: id, metadata: metadata() },
  });
  const event = (type: string) => arrived(({ body }) => (body as { event_type?: string }).event_type === type);

  async function fileIsKept(id: unknown): Promise<boolean> {
    const task = await pendingWebhookRef(db, String(id)).get();
    const [exists] = await getStorage().bucket("demo-boomerang.appspot.com").file(task.get("file.path")).exists();
    return exists;
  }

  test("a file is ingested, fetched by its service, and every step is told as documented", async () => {
    const id = await ingested();
    const call = await told(id);
    expect(call).toMatchObject({ source_type: "document", file_name: "your-document.pdf", file_size: pdf.length });
    const fetched = await fetch(String(call.file_url));
    expect([fetched.status, fetched.headers.get("content-type")]).toEqual([200, "application/pdf"]);
    expect(Buffer.from(await fetched.arrayBuffer()).equals(pdf)).toBe(true);

    expect(await fileIsKept(id)).toBe(true);

    const started = await event("task_started");
    await report(id, { status: "progress", progress: 0.5 });
    const progress = await event("task_progress");
    const { result } = webhooks.completed.data;
    await report(id, { status: "success", result });
    const completed = await event("task_completed");
    for (const [name, webhook] of Object.entries({ started, progress, completed })) {
      await verified(webhook);
      expect(webhook.body).toEqual(asDocumented(webhooks[name], id));
    }

    const told3 = [started, progress, completed].map(({ body }) => body);
    expect((await replay(history, key, { id })).body).toEqual({ data: told3, next_cursor: null });
    expect((await replay(recent, key)).body).toEqual({ data: told3.toReversed(), next_cursor: null });
    const shown = await replay(status, key, { id });
    const { message } = webhooks.completed.data;
    expect([shown.status, shown.body]).toMatchObject([
      200,
      { task_id: id, status: "completed", progress: 1, message, result, metadata: metadata() },
    ]);
    expect((await fetch(String(call.file_url))).status).toBe(410);
    await waitFor("the end of the file", async () => ((await fileIsKept(id)) ? undefined : true));
  });

  test("a failure is told as documented", async () => {
    const id = await ingested();
    const { error } = webhooks.failed.data;
    await report(id, { status: "error", error });
    const failed = await event("task_failed");
    expect(failed.body).toEqual(asDocumented(webhooks.failed, id));
    expect((await replay(status, key, { id })).body).toMatchObject({ status: "failed", message: "Task failed", error });
  });
});

describe("TaskFlow", () => {
  const { create, update, test: sample, deliveries } = documented("taskflow");
  const flow = (method: string, path: string, body?: Readonly<Record<string, unknown>>) =>
    replay({ method, path: `/api/webhooks${path}`, ...(body === undefined ? {} : { body }) }, key);

  test("a webhook is made, changed, tested, told of what failed, and deleted", async () => {
    const url = `${receiver.url}/webhook`;
    const created = await flow("POST", "", { ...create, url });
    expect([created.status, created.body]).toMatchObject([201, { ...create, url, format: "taskflow" }]);
    const { id } = created.body;
    expect((await flow("GET", "")).body.data).toMatchObject([{ id, name: create.name }]);
    expect((await flow("PATCH", `/${id}`, update)).body).toMatchObject({ id, ...update });
    const tested = await flow("POST", `/${id}/test`, sample);
    expect([tested.status, tested.body]).toMatchObject([200, { delivered: true, status_code: 200 }]);
    const { headers, rawBody } = await arrived(atPath("/webhook"));
    const hmac = createHmac("sha256", create.secret_token).update(rawBody).digest("hex");
    expect(headers["x-taskflow-signature"]).toBe(`sha256=${hmac}`);
    const failed = await flow("GET", `/${id}/deliveries${deliveries}`);
    expect([failed.status, failed.body]).toMatchObject([200, { data: [], page: 1 }]);
    expect((await flow("DELETE", `/${id}`)).status).toBe(204);
  });
});
