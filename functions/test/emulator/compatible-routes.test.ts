import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { createApiClient, fieldsOf, newKey, registerService } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { documented } from "../support/documented-requests.ts";
import { startService } from "../support/recording-service.ts";
import { taskOf } from "../support/task-of.ts";
import { trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { runQueue } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
const submit = documented("task-service").submit.body;
const job = { text: "Great product!", webhook_url: "http://127.0.0.1:9/callback" };
let key: string;

beforeAll(async () => {
  key = await newKey(deps.db, "owner-1", ["tasks:read", "tasks:write"]);
  for (const name of ["video_generation", "predict", "ingest"]) await registerService(deps.db, name);
});
afterAll(() => deps.db.terminate());

const post = (path: string, body: unknown, headers = {}) => api("POST", path, { key, body, headers });
const get = async (path: string) => (await api("GET", path, { key })).body;
const stored = async (id: unknown) => (await pendingWebhookRef(deps.db, String(id)).get()).data() ?? {};
const callbackUrl = "http://127.0.0.1:9/callback";

describe("the Task Service", () => {
  test("what is submitted is an ordinary task of the service that task_type names", async () => {
    const { status, headers, body } = await post("/tasks/submit", submit);
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/api/v1/tasks/${body.task_id}/status`);
    const { prompt, ...others } = submit.parameters;
    expect(await stored(body.task_id)).toMatchObject({
      ownerId: "owner-1",
      service: "video_generation",
      projectId: "detective_series_001",
      prompt,
      params: { prompt, ...others },
      metadata: submit.metadata,
      priority: 1,
      callbackUrl: submit.callback_url,
      callbackFormat: "task-service",
    });
  });

  test("only the project and the type must be given", async () => {
    const { body } = await post("/tasks/submit", { project_id: "p", task_type: "video_generation" });
    const shown = await get(`/tasks/${body.task_id}/status`);
    expect(shown).toEqual({ ...body, progress: null, metadata: {} });
  });

  test.each<[string, object, string[]]>([
    ["no project_id", { project_id: undefined }, ["project_id"]],
    ["no task_type", { task_type: undefined }, ["task_type"]],
    ["a field of nobody's", { callbackurl: "https://example.com" }, ["callbackurl"]],
    ["a prompt that is no text", { parameters: { prompt: ["a"] } }, ["parameters.prompt"]],
    ["a priority out of its bounds", { priority: 10 }, ["priority"]],
  ])("%s is told", async (_what, changed, fields) => {
    const answer = await post("/tasks/submit", { ...submit, ...changed });
    expect([answer.status, fieldsOf(answer)]).toEqual([400, fields]);
  });

  test("a type that nobody registered is a 422 that says how to", async () => {
    const { status, body } = await post("/tasks/submit", { ...submit, task_type: "audio_generation" });
    expect([status, body.code]).toEqual([422, "unknown_service"]);
    expect(body.detail).toContain("PUT /api/v1/services/audio_generation");
  });

  test("the same under one Idempotency-Key is one task, another is a 409", async () => {
    const headers = { "idempotency-key": "task-service-1" };
    const first = await post("/tasks/submit", submit, headers);
    expect((await post("/tasks/submit", submit, headers)).body).toEqual(first.body);
    expect((await post("/tasks/submit", { ...submit, priority: 2 }, headers)).status).toBe(409);
  });

  test.each([
    ["pending", "pending", undefined],
    ["initiated", "processing", undefined],
    ["completed", "completed", undefined],
    ["failed", "failed", undefined],
    ["expired", "failed", "expired"],
    ["cancelled", "failed", "cancelled"],
  ] as const)("a task that is %s is %s", async (status, word, code) => {
    const { url } = await startService(() => ({ status: 202 }));
    const shown = await get(`/tasks/${await taskOf(deps, url, status)}/status`);
    expect([shown.status, shown.error_code]).toEqual([word, code]);
    expect("error" in shown).toBe(word === "failed");
    expect("result" in shown).toBe(word === "completed");
  });

  test("one that was imported as finished is shown, though it has no history", async () => {
    const at = new Date(deps.now());
    const imported = { status: "completed", resultUrl: "https://a.example/b", projectId: "owner-1", createdAt: at };
    await pendingWebhookRef(deps.db, "imported-1").set({ correlationId: "imported-1", ...imported });
    const shown = await get("/tasks/imported-1/status");
    expect(shown).toMatchObject({ status: "completed", result: { media_url: "https://a.example/b" } });
    expect((await get("/status/imported-1/history")).data).toHaveLength(1);
  });
});

describe("the prediction service", () => {
  test("a text becomes the prompt and a parameter", async () => {
    const { status, body } = await post("//predict", job);
    expect([status, body]).toMatchObject([202, { status: "processing", webhook_registered: true }]);
    const task = { service: "predict", prompt: job.text, params: { text: job.text }, callbackFormat: "predict" };
    expect(await stored(body.job_id)).toMatchObject(task);
  });

  test.each<[string, unknown, number, string[]]>([
    ["no text", {}, 400, ["text"]],
    ["an empty text", { text: "" }, 400, ["text"]],
    ["a typing error", { text: "a", webhook: "https://example.com" }, 400, ["webhook"]],
    ["a webhook_url that is none", { text: "a", webhook_url: "example" }, 422, []],
  ])("%s is told", async (_what, body, status, fields) => {
    const answer = await post("//predict", body);
    expect([answer.status, fieldsOf(answer)]).toEqual([status, fields]);
  });

  test("a webhook that never arrives has failed, with every attempt", async () => {
    const { body } = await post("//predict", job);
    const id = String(body.job_id);
    const before = await trigger(deps, id);
    await callBack(deps, id, { status: "success", result: 1 });
    deps.queued.length = 0;
    await trigger(deps, id, before);
    await runQueue(deps);
    const shown = await get(`//webhooks/${id}/status`);
    expect([shown.delivery_status, shown.webhook_url]).toEqual(["failed", callbackUrl]);
    const attempt = { status_code: null, success: false, error: expect.any(String), timestamp: expect.any(String) };
    expect(shown.attempts).toEqual([1, 2, 3, 4].map((number) => ({ attempt: number, ...attempt })));
  });
});

describe("MoRAG", () => {
  test.each([
    ["pending", "pending", 0],
    ["initiated", "started", 1],
    ["completed", "completed", 2],
    ["failed", "failed", 2],
    ["expired", "failed", 2],
    ["cancelled", "failed", 2],
  ] as const)("a task that is %s is %s", async (status, word, events) => {
    const { url } = await startService(() => ({ status: 202 }));
    const id = await taskOf(deps, url, status);
    const shown = await get(`/status/${id}`);
    expect([shown.task_id, shown.status]).toEqual([id, word]);
    expect((await get(`/status/${id}/history`)).data).toHaveLength(events);
  });

  test("progress is told between the milestones, too", async () => {
    const { url } = await startService(() => ({ status: 202 }));
    const id = await taskOf(deps, url, "initiated");
    for (const progress of [0.5, 0.6]) {
      deps.advance(1);
      await callBack(deps, id, { status: "progress", progress, message: "Half of it" });
    }
    expect(await get(`/status/${id}`)).toMatchObject({ status: "progress", progress: 0.6, message: "Half of it" });
    const history = (await get(`/status/${id}/history`)).data as { event_type: string; data: object }[];
    expect(history.map(({ event_type }) => event_type)).toEqual(["task_started", "task_progress"]);
    expect(history[1]?.data).toMatchObject({ task_id: id, progress: 0.5, message: "Half of it" });
  });

  test("recent events are the owner's own, of tasks and application, page by page", async () => {
    const theirs = await newKey(deps.db, "morag-owner", ["tasks:read", "tasks:write", "webhooks"]);
    const { url } = await startService(() => ({ status: 202 }));
    const id = await taskOf(deps, url, "failed", { ownerId: "morag-owner", metadata: { source_type: "audio" } });
    deps.advance(1);
    await api("POST", "/events", { key: theirs, body: { type: "request.created", payload: { n: 1 } } });
    const read = (query: string) => api("GET", `/status/events/recent${query}`, { key: theirs });
    const all = (await read("?hours=24")).body.data as { event_type: string; data: object }[];
    expect(all.map(({ event_type }) => event_type)).toEqual(["request_created", "task_failed", "task_started"]);
    expect(all[1]?.data).toMatchObject({ task_id: id, error: "out of memory", metadata: { source_type: "audio" } });
    const first = await read("?limit=2");
    const rest = await read(`?limit=2&cursor=${first.body.next_cursor}`);
    expect([...(first.body.data as object[]), ...(rest.body.data as object[])]).toEqual(all);
    expect(rest.body.next_cursor).toBeNull();
    expect((await read("?hours=0")).status).toBe(400);
  });
});

test("a service whose document names a provider that there is not is a documented 422", async () => {
  for (const name of ["video_generation", "predict"]) {
    await registerService(deps.db, name, { provider: "morse" });
    deps.services.forget(name);
  }
  for (const answer of [await post("/tasks/submit", submit), await post("//predict", job)]) {
    expect([answer.status, answer.body.code]).toEqual([422, "unknown_provider"]);
  }
});
