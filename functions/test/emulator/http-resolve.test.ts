import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { createApiClient, fieldsOf, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { submitted } from "../support/tasks.ts";
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

/** A task that expired, and whose service called back afterwards. */
async function lateTask(report: object): Promise<string> {
  const own = createTestDeps(deps.db, { keys: deps.keys });
  const id = await submitted(own, { ownerId: "anna" });
  await pendingWebhookRef(deps.db, id).update({ expiresAt: 0 });
  await dispatchTask(own, { correlationId: id, attempt: 1 });
  expect((await callBack(deps, id, report)).status).toBe(410);
  return id;
}

test("an operator resolves a failed task by hand, as completed", async () => {
  const id = await newTask();
  await callBack(deps, id, { status: "error", error: "no" });
  const resolution = {
    status: "completed",
    result_url: "https://cdn.example.com/b.mp4",
    result: { b: [[1]] },
    result_metadata: { by: "hand" },
  };
  const { status, body } = await act(id, "resolve", resolution, admin);
  expect(status).toBe(200);
  expect(body).toMatchObject({ ...resolution, id, error: null, error_code: null });
  expect((await get(id)).body).toEqual(body);
});

test("an operator resolves an open task by hand, as failed", async () => {
  const id = await newTask();
  const { body } = await act(id, "resolve", { status: "failed", error: "Called off by phone." }, admin);
  expect(body).toMatchObject({ status: "failed", error: "Called off by phone.", error_code: "resolved" });
  const plain = await act(await newTask(), "resolve", { status: "failed" }, admin);
  expect(plain.body).toMatchObject({ status: "failed", error: "Ended by an operator." });
});

test("an operator resolves an expired task with the callback that came too late", async () => {
  const id = await lateTask({ status: "success", resultUrl: "https://cdn.example.com/late.mp4", metadata: { a: 1 } });
  const before = (await get(id)).body;
  expect(before).toMatchObject({ status: "expired", result_url: null });
  expect(before.late_callback).toEqual({
    received_at: expect.stringMatching(/Z$/),
    status: "completed",
    result_url: "https://cdn.example.com/late.mp4",
    result: null,
    result_metadata: { a: 1 },
    error: null,
  });
  const { status, body } = await act(id, "resolve", { from: "late_callback" }, admin);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: "completed",
    result_url: "https://cdn.example.com/late.mp4",
    result_metadata: { a: 1 },
  });
});

test("without a late callback there is none to resolve with: 409", async () => {
  const { status, body } = await act(await newTask(), "resolve", { from: "late_callback" }, admin);
  expect([status, body.code]).toEqual([409, "no_late_callback"]);
});

test.each<[string, unknown, string[]]>([
  ["nothing", {}, ["status"]],
  ["a status that is no outcome", { status: "pending" }, ["status"]],
  ["a URL that is none", { status: "completed", result_url: "b.mp4" }, ["result_url"]],
  ["a URL of another kind", { status: "completed", result_url: "javascript:alert(1)" }, ["result_url"]],
  [
    "a URL that is too long",
    { status: "completed", result_url: `https://a.example/${"x".repeat(8_192)}` },
    ["result_url"],
  ],
  ["an empty error", { status: "failed", error: "" }, ["error"]],
  ["an error that is too long", { status: "failed", error: "x".repeat(32_769) }, ["error"]],
  ["an error for a success", { status: "completed", error: "no" }, ["error"]],
  [
    "a result for a failure",
    { status: "failed", result: 1, result_url: "https://a.example" },
    ["result", "result_url"],
  ],
  ["an unknown field", { status: "completed", url: "https://a.example" }, ["url"]],
  ["another source", { from: "elsewhere" }, ["from"]],
  ["both ways", { from: "late_callback", status: "completed" }, ["status"]],
  ["a list", [], ["body"]],
])("a resolution with %s is refused, and says which fields", async (_what, body, fields) => {
  const { status, body: problem } = await act(await newTask(), "resolve", body, admin);
  expect([status, problem.code, fieldsOf({ body: problem }).sort()]).toEqual([400, "validation_failed", fields]);
});

test("a result nested without end is a 400, not a fault of ours", async () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const { status, body } = await act(await newTask(), "resolve", `{"status":"completed","result":${deep}}`, admin);
  expect([status, body.code]).toEqual([400, "validation_failed"]);
});
