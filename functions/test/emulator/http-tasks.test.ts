import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { readTask, submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
let admin: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["tasks:read", "tasks:write"]);
  admin = await newKey(deps.db, "operator", ["admin"]);
});

const get = (id: string) => api("GET", `/tasks/${id}`, { key });
const act = (id: string, action: string, body?: unknown, as = key) =>
  api("POST", `/tasks/${id}/${action}`, { key: as, body });
const newTask = () => submitted(deps, { ownerId: "anna" });

test("a completed task shows its result as the service gave it", async () => {
  const id = await newTask();
  const result = { frames: [[1, 2], [3]], "": "x" };
  const report = { status: "success", resultUrl: "https://cdn.example.com/a.mp4", result, metadata: { title: "A" } };
  await callBack(deps, id, report);
  expect((await get(id)).body).toMatchObject({
    id,
    status: "completed",
    result_url: report.resultUrl,
    result,
    result_metadata: { title: "A" },
    error: null,
    completed_at: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test("a failed task shows why, for a person and for a program, and each outbound call", async () => {
  const id = await newTask();
  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  const { body } = await get(id);
  expect(body.attempts).toEqual([
    {
      number: 1,
      at: expect.stringMatching(/Z$/),
      duration_ms: expect.any(Number),
      status_code: null,
      error: expect.any(String),
    },
  ]);
  await callBack(deps, id, { status: "error", error: "out of memory" });
  expect((await get(id)).body).toMatchObject({ status: "failed", error: "out of memory", error_code: "service_error" });
});

test("what is sealed or ours alone is not shown, and no field of a task is", async () => {
  const id = await submitted(deps, { ownerId: "anna", worker: { url: "http://127.0.0.1:9/", auth: "Bearer hunter2" } });
  const { text } = await get(id);
  for (const secret of ["hunter2", "sealed", "v1.", "sweep", "digest", "Digest", "ownerId"]) {
    expect([secret, text.includes(secret)]).toEqual([secret, false]);
  }
});

test("a document of the first version, with no more fields than that had, is shown", async () => {
  const { createdAt, expiresAt } = await readTask(deps, await newTask());
  const id = "00000000-0000-4000-8000-000000000002";
  const old = { correlationId: id, userId: "u", projectId: "p", objectId: "t", assistantId: "a", status: "pending" };
  await pendingWebhookRef(deps.db, id).set({
    ...old,
    webhookUrl: "https://a.example",
    createdAt,
    expiresAt,
    metadata: {},
  });
  const { status, body } = await api("GET", `/tasks/${id}`, { key: admin });
  expect(status).toBe(200);
  expect(body).toMatchObject({ id, status: "pending", user_id: "u", prompt: "", attempts: [] });
  expect(body.updated_at).toBe(body.created_at);
});

test("cancelling ends an open task, and cancelling again is the same", async () => {
  const id = await newTask();
  const first = await act(id, "cancel");
  const second = await act(id, "cancel");
  expect([first.status, first.body.status, first.body.error]).toEqual([200, "cancelled", "Cancelled by its owner."]);
  expect([second.status, second.body]).toEqual([200, first.body]);
  const byAdmin = await act(await newTask(), "cancel", undefined, admin);
  expect(byAdmin.body.error).toBe("Cancelled by an operator.");
});

test("a completed task cannot be cancelled: 409", async () => {
  const id = await newTask();
  await callBack(deps, id, { status: "success" });
  const { status, body } = await act(id, "cancel");
  expect([status, body.code]).toEqual([409, "task_is_final"]);
  expect((await get(id)).body.status).toBe("completed");
});

test("retrying a failed task makes one new task of the same request, however often it is asked for", async () => {
  const id = await submitted(deps, {
    ownerId: "anna",
    prompt: "p",
    params: { a: [[1]] },
    metadata: { m: 1 },
    priority: 3,
  });
  await callBack(deps, id, { status: "error", error: "no" });
  const [first, second] = await Promise.all([act(id, "retry"), act(id, "retry")]);
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(first.body.id).not.toBe(id);
  expect(second.body.id).toBe(first.body.id);
  expect(first.headers.get("location")).toBe(`/api/v1/tasks/${first.body.id}`);
  const same = {
    prompt: "p",
    parameters: { a: [[1]] },
    metadata: { m: 1 },
    priority: 3,
    webhook_url: "http://127.0.0.1:9/unused",
  };
  expect(first.body).toMatchObject({ ...same, status: "pending", retry_of: id, attempts: [], error: null });
  expect((await get(id)).body).toMatchObject({ status: "failed", error: "no" });
});

test.each([
  ["pending", async () => {}],
  ["completed", async (id: string) => void (await callBack(deps, id, { status: "success" }))],
])("a task that is %s is not retried: 409", async (name, prepare) => {
  const id = await newTask();
  await prepare(id);
  const { status, body } = await act(id, "retry");
  expect([status, body.code]).toEqual([409, "task_not_retryable"]);
  expect(body.detail).toContain(`The task is ${name}.`);
});

const hostile = [
  "no-such-task",
  "%2e%2e%2fapiKeys%2fx",
  "a%2Fb",
  "%2F",
  ".%2e",
  "__name__",
  "__x__",
  "%00",
  "%0d%0aX-Injected:%201",
  "%ff",
  "%",
  "%F0%9F%9A%A4",
  "x".repeat(201),
  "x".repeat(5_000),
  "<script>alert(1)</script>",
  "'; drop table tasks; --",
  "{id}",
  "*",
  "outcome/final",
  "..;",
];

test.each(hostile)("an id like %s is a 404, for every action, with nothing of ours shown", async (id) => {
  const answers = await Promise.all([
    get(id),
    act(id, "cancel"),
    act(id, "retry"),
    act(id, "resolve", { status: "completed" }, admin),
  ]);
  for (const { status, headers, body, text } of answers) {
    expect([status, headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    expect(body).toMatchObject({ type: "about:blank", title: "Not Found", status: 404, detail: expect.any(String) });
    expect(text).not.toMatch(/\bat \S+ \(|\.ts:|node_modules|Firestore|stack/);
    expect(headers.get("x-injected")).toBeNull();
  }
});
