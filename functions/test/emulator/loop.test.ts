import { randomUUID } from "node:crypto";
import { runSchedule } from "../../../scripts/stack/schedule.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { callApi, fetchJson, functionUrl, hostingUrl, stackFirestore } from "../support/stack.ts";
import { waitFor, waitForDocument } from "../support/wait-for.ts";

jest.setTimeout(90_000);
const db = stackFirestore();
afterAll(() => db.terminate());

const accepted = { status: 202, body: { status: "accepted", jobId: "job-7", estimatedCompletion: "20s" } };
const firstCall = (service: RecordingService) => waitFor("the outbound call", () => service.calls[0]);
const report = (url: unknown, body: object) => fetchJson("POST", String(url), { body });
const reached = (id: unknown, status: string) =>
  waitForDocument(pendingWebhookRef(db, String(id)), (task) => task.status === status);

test("a task goes out, reports progress, comes back once, and everybody is told", async () => {
  const service = await startService(() => accepted);
  const user = `user-${randomUUID()}`;
  const request = {
    webhook_url: service.url,
    prompt: "A lighthouse at dusk",
    parameters: { quality: "high", correlationId: "not this one", nested: [[1]] },
    metadata: { order: 7 },
    user_id: user,
    project_id: "project-1",
  };
  const submitted = await callApi("POST", "/tasks", { body: request });
  expect(submitted.status).toBe(202);
  const { id } = submitted.body;

  const call = await firstCall(service);
  expect(call.method).toBe("POST");
  expect(call.headers).toMatchObject({ "content-type": "application/json", "idempotency-key": id });
  const { callbackUrl, ...said } = call.body;
  const { user_id: userId, project_id: projectId, prompt, metadata } = request;
  const own = { correlationId: id, taskId: id, userId, projectId, assistantId: null, prompt, metadata };
  expect(said).toEqual({ ...own, quality: "high", nested: [[1]] });
  expect(String(callbackUrl)).toMatch(new RegExp(`^${functionUrl("webhookCallback")}/${id}\\?token=[\\w.~-]+$`));

  expect(await reached(id, "initiated")).toMatchObject({ estimatedCompletion: "20s" });
  const half = await report(callbackUrl, { correlationId: id, status: "progress", progress: 0.5, message: "half" });
  expect([half.status, half.body]).toEqual([200, { received: true, status: "initiated", progress: 0.5 }]);
  expect((await callApi("GET", `/tasks/${id}`)).body).toMatchObject({ status: "initiated", progress: 0.5 });

  const success = {
    correlationId: id,
    status: "success",
    resultUrl: "https://cdn.example.com/a.mp4",
    metadata: { t: "A" },
  };
  const taken = await report(callbackUrl, success);
  expect([taken.status, taken.body]).toEqual([200, { received: true, status: "completed" }]);
  const again = await report(callbackUrl, success);
  expect([again.status, again.body]).toEqual([200, { received: true, duplicate: true, status: "completed" }]);
  expect((await report(callbackUrl, { correlationId: id, status: "error", error: "no" })).status).toBe(409);

  const notified = await waitForDocument(db.doc(`users/${user}/notifications/${id}-5`));
  const told = { type: "task.completed", status: "completed", correlationId: id, taskId: id, projectId, read: false };
  expect(notified).toMatchObject({ ...told, resultUrl: success.resultUrl });
  const { body } = await callApi("GET", `/tasks/${id}`);
  expect(body).toMatchObject({
    status: "completed",
    result_url: success.resultUrl,
    result_metadata: { t: "A" },
    error: null,
  });
  expect(body.attempts).toMatchObject([{ number: 1, status_code: 202, error: null }]);
  const history = (await pendingWebhookRef(db, String(id)).get()).get("history");
  expect(history).toMatchObject([
    { seq: 1, type: "task.started" },
    { seq: 3, type: "task.progress", progress: 0.5, message: "half" },
    { seq: 5, type: "task.completed" },
  ]);
  expect((await db.collection(`users/${user}/notifications`).get()).size).toBe(1);
  expect(service.calls).toHaveLength(1);
});

test("a callback that nobody signed is turned away at the door", async () => {
  const service = await startService(() => accepted);
  const { id } = (await callApi("POST", "/tasks", { body: { webhook_url: service.url } })).body;
  const { callbackUrl } = (await firstCall(service)).body;
  const success = { correlationId: id, status: "success" };
  const url = new URL(String(callbackUrl));
  const token = String(url.searchParams.get("token"));
  for (const forged of ["", "x", token.slice(0, -1), token.replace("~task~", "~job~"), `${token}~x`]) {
    url.searchParams.set("token", forged);
    const { status, headers } = await report(url.href, success);
    expect([forged, status]).toEqual([forged, 401]);
    expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
  }
  const read = await fetchJson("GET", String(callbackUrl));
  expect([read.status, read.headers.get("allow")]).toEqual([405, "POST"]);
  expect(await reached(id, "initiated")).toMatchObject({ status: "initiated", result: null });
});

test("a service that is busy twice is asked a third time, by the same name, and takes the task", async () => {
  const busy = { status: 503, body: "too busy" };
  const service = await startService((_call, n) => (n <= 2 ? busy : accepted));
  const { id } = (await callApi("POST", "/tasks", { body: { webhook_url: service.url } })).body;
  const task = await reached(id, "initiated");
  expect(task.attempts).toMatchObject([
    { number: 1, statusCode: 503, error: "The service answered 503: too busy" },
    { number: 2, statusCode: 503 },
    { number: 3, statusCode: 202, error: null },
  ]);
  const [first, second, third] = task.attempts.map(({ at }: { at: FirebaseFirestore.Timestamp }) => at.toMillis());
  expect(second - first).toBeGreaterThanOrEqual(700);
  expect(third - second).toBeGreaterThanOrEqual(1_700);
  expect(service.calls.map(({ headers }) => headers["idempotency-key"])).toEqual([id, id, id]);

  const { callbackUrl } = (await firstCall(service)).body;
  expect((await report(callbackUrl, { correlationId: id, status: "error", error: "no film" })).status).toBe(200);
  expect((await callApi("GET", `/tasks/${id}`)).body).toMatchObject({ status: "failed", error: "no film" });
  expect(service.calls).toHaveLength(3);
});

test("a service that refuses for good fails the task at once, with what it said", async () => {
  const service = await startService(() => ({ status: 400, body: '{"error":"no such model"}' }));
  const { id } = (await callApi("POST", "/tasks", { body: { webhook_url: service.url } })).body;
  const task = await reached(id, "failed");
  expect(task).toMatchObject({ errorCode: "http_400", error: 'The service answered 400: {"error":"no such model"}' });
  expect(service.calls).toHaveLength(1);
});

test("a request that is sent five times at once, with one Idempotency-Key, is one outbound call", async () => {
  const service = await startService(() => accepted);
  const headers = { "idempotency-key": randomUUID(), "x-api-key": "demo-key" };
  const body = { webhook_url: service.url, prompt: "once" };
  const answers = await Promise.all(Array.from({ length: 5 }, () => callApi("POST", "/tasks", { headers, body })));
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  const [id, ...others] = new Set(answers.map((answer) => answer.body.id));
  expect(others).toEqual([]);

  const call = await firstCall(service);
  await reached(id, "initiated");
  await report(call.body.callbackUrl, { correlationId: id, status: "success" });
  // Sent after everything above was through: once this one is out, a second call of the first would have been, too.
  const next = await callApi("POST", "/tasks", { body });
  await reached(next.body.id, "initiated");
  expect(service.calls.map((received) => received.body.correlationId)).toEqual([id, next.body.id]);
  const different = await callApi("POST", "/tasks", { headers, body: { ...body, prompt: "twice" } });
  expect([different.status, different.body.code]).toEqual([409, "idempotency_key_reused"]);
});

test("what never comes back is expired by the schedule; what comes later is kept, and can still be accepted", async () => {
  const service = await startService(() => accepted);
  const { id } = (await callApi("POST", "/tasks", { body: { webhook_url: service.url, timeout_seconds: 2 } })).body;
  const { callbackUrl } = (await firstCall(service)).body;
  const expired = await waitFor("the expiry", async () => {
    await runSchedule(new Date());
    const { body } = await callApi("GET", `/tasks/${id}`);
    return body.status === "expired" ? body : undefined;
  });
  expect(Date.parse(String(expired.completed_at))).toBeGreaterThanOrEqual(Date.parse(String(expired.expires_at)));
  expect(expired).toMatchObject({ error: "No callback came within 2 s.", error_code: "expired", late_callback: null });

  const late = await report(callbackUrl, {
    correlationId: id,
    status: "success",
    resultUrl: "https://cdn.example.com/l.mp4",
  });
  expect([late.status, late.body.code]).toEqual([410, "too_late"]);
  const kept = { status: "expired", result_url: null, late_callback: { result_url: "https://cdn.example.com/l.mp4" } };
  expect((await callApi("GET", `/tasks/${id}`)).body).toMatchObject(kept);
  const resolved = await callApi("POST", `/tasks/${id}/resolve`, { body: { from: "late_callback" } });
  expect([resolved.status, resolved.body]).toMatchObject([
    200,
    { status: "completed", result_url: "https://cdn.example.com/l.mp4" },
  ]);
});

test("the API is the same through Hosting and at its function's own address", async () => {
  const direct = functionUrl("api");
  for (const base of [`${hostingUrl()}/api/v1`, `${direct}/v1`, `${direct}/api/v1`]) {
    const { status, body } = await fetchJson("GET", `${base}/health`);
    expect([base, status, body]).toEqual([base, 200, { status: "ok" }]);
    const refused = await fetchJson("GET", `${base}/tasks/none`, { headers: { "x-api-key": "wrong" } });
    expect([base, refused.status, refused.headers.get("www-authenticate")]).toEqual([
      base,
      401,
      'Bearer realm="boomerang"',
    ]);
    const unread = await fetchJson("POST", `${base}/tasks`, {
      headers: { "x-api-key": "demo-key" },
      body: "{not json",
    });
    expect([base, unread.status, unread.body.code]).toEqual([base, 400, "not_json"]);
    expect(unread.headers.get("content-type")).toBe("application/problem+json");
    const plain = { "x-api-key": "demo-key", "content-type": "text/plain" };
    const typed = await fetchJson("POST", `${base}/tasks`, { headers: plain, body: "{}" });
    expect([base, typed.status, typed.body.code]).toEqual([base, 415, "unsupported_media_type"]);
    const large = `{"prompt":"${"x".repeat(1_100_000)}"}`;
    const refusedSize = await fetchJson("POST", `${base}/tasks`, { headers: { "x-api-key": "demo-key" }, body: large });
    expect([base, refusedSize.status, refusedSize.body.code]).toEqual([base, 413, "body_too_large"]);
  }
});
