import { pendingWebhooks } from "../../src/tasks/pending-webhook.ts";
import { createApiClient, fieldsOf, newKey, registerService } from "../support/api-client.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
let admin: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["tasks:read", "tasks:write"]);
  admin = await newKey(deps.db, "operator", ["admin"]);
  await registerService(deps.db, "video", { params: { quality: "low", codec: "av1" }, timeoutSeconds: 900 });
});

const post = (body: unknown, headers: Record<string, string> = {}, as = key) =>
  api("POST", "/tasks", { key: as, body, headers });
const stored = async () => (await pendingWebhooks(deps.db).count().get()).data().count;

const full = {
  service: "video",
  prompt: "A lighthouse at dusk",
  parameters: { quality: "high", fps: 30 },
  metadata: { order: 7 },
  project_id: "project-1",
  user_id: "user-1",
  priority: 5,
  callback_url: "http://127.0.0.1:9/done",
  callback_format: "taskflow",
  timeout_seconds: 60,
};

test("a task is taken with 202, its address and all that was said, in snake_case with times in ISO 8601", async () => {
  const { status, headers, body } = await post(full);
  expect(status).toBe(202);
  expect(headers.get("content-type")).toMatch(/^application\/json/);
  expect(headers.get("location")).toBe(`/api/v1/tasks/${body.id}`);
  expect(body).toEqual({
    ...full,
    id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/),
    status: "pending",
    progress: null,
    provider: "generic",
    webhook_url: "http://127.0.0.1:9/unused",
    parameters: { quality: "high", fps: 30, codec: "av1" },
    timeout_seconds: undefined,
    owner_id: "anna",
    file: null,
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    updated_at: body.created_at,
    initiated_at: null,
    completed_at: null,
    duration_ms: null,
    expires_at: new Date(Date.parse(String(body.created_at)) + 60_000).toISOString(),
    estimated_completion: null,
    external_id: null,
    result_url: null,
    result: null,
    result_metadata: null,
    error: null,
    error_code: null,
    attempts: [],
    late_callback: null,
    retry_of: null,
  });
  const read = await api("GET", `/tasks/${body.id}`, { key });
  expect({ status: read.status, body: read.body }).toEqual({ status: 200, body });
});

test("a service is enough; the rest has its defaults", async () => {
  const { body } = await post({ service: "video" });
  expect(body).toMatchObject({ prompt: "", metadata: {}, priority: 0, user_id: null, project_id: null });
  expect(body).toMatchObject({
    parameters: { quality: "low", codec: "av1" },
    callback_url: null,
    callback_format: null,
  });
  expect(Date.parse(String(body.expires_at)) - Date.parse(String(body.created_at))).toBe(900_000);
});

test("metadata of any JSON comes back as it was sent", async () => {
  const metadata = '{"__type__":{"":[[1,[]],{"a.b":null}]},"half":"\\ud83d","__proto__":{"x":1},"big":1e300,"é":0.1}';
  const { body } = await post(`{"service":"video","metadata":${metadata}}`);
  const { text } = await api("GET", `/tasks/${body.id}`, { key });
  expect(text).toContain(`"metadata":${metadata.replace("1e300", "1e+300")}`);
});

test("an admin may name a URL instead of a service, anybody else may not", async () => {
  const body = { webhook_url: "http://127.0.0.1:9/x" };
  expect((await post(body, {}, admin)).body).toMatchObject({ service: null, webhook_url: body.webhook_url });
  const refused = await post(body);
  expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
});

const long = (length: number) => "x".repeat(length);
/** What is just taken, and what is just not: `{field: value}` beside a service. */
const bounds: [string, unknown, unknown][] = [
  ["prompt", long(100_000), long(100_001)],
  ["prompt", "", 1],
  ["parameters", { a: long(256 * 1_024 - 8) }, { a: long(256 * 1_024 - 7) }],
  ["parameters", {}, []],
  ["metadata", { a: long(64 * 1_024 - 8) }, { a: long(64 * 1_024 - 7) }],
  ["metadata", {}, "text"],
  ["project_id", long(200), long(201)],
  ["project_id", "a.b", "a/b"],
  ["project_id", null, ""],
  ["user_id", "..a", ".."],
  ["user_id", "__a", "__a__"],
  ["priority", 0, -1],
  ["priority", 9, 10],
  ["priority", 1, 1.5],
  ["callback_url", `http://127.0.0.1:9/${long(2_048 - 19)}`, `http://127.0.0.1:9/${long(2_049 - 19)}`],
  ["callback_format", "cloudevents", "xml"],
  ["timeout_seconds", 1, 0.9],
  ["timeout_seconds", 604_800, 604_801],
  ["timeout_seconds", null, "60"],
];

test.each(bounds)("%s is taken up to its bounds, and refused by its name beyond", async (field, good, bad) => {
  expect((await post({ service: "video", [field]: good })).status).toBe(202);
  const before = await stored();
  const refused = await post({ service: "video", [field]: bad });
  expect([refused.status, refused.body.code, fieldsOf(refused)]).toEqual([400, "validation_failed", [field]]);
  expect(refused.body.detail).toBe(`Wrong or missing: ${field}. See errors.`);
  expect(await stored()).toBe(before);
});

test.each<[string, unknown, string[]]>([
  ["neither a service nor a URL", {}, ["service"]],
  ["both a service and a URL", { service: "video", webhook_url: "http://127.0.0.1:9/" }, ["service"]],
  ["an impossible service name", { service: "../video" }, ["service"]],
  ["a service name that is too long", { service: long(101) }, ["service"]],
  ["a credential that no caller gives", { service: "video", webhook_auth: "Bearer x" }, ["webhook_auth"]],
  ["fields of our own", { service: "video", status: "completed", ownerId: "ben" }, ["status", "ownerId"]],
  ["camelCase", { service: "video", projectId: "a" }, ["projectId"]],
  ["__proto__", JSON.parse('{"service":"video","__proto__":{"admin":true}}'), ["__proto__"]],
  ["several at once", { prompt: 1, priority: "high", service: "video" }, ["prompt", "priority"]],
  ["a list", [], ["body"]],
  ["text", '"text"', ["body"]],
  ["null", "null", ["body"]],
])("a body with %s is refused, and says which fields", async (_what, body, fields) => {
  const { status, body: problem } = await post(body, {}, admin);
  expect([status, problem.code]).toEqual([400, "validation_failed"]);
  expect(fieldsOf({ body: problem }).sort()).toEqual([...fields].sort());
});

test.each(["metadata", "parameters"])("%s nested without end is a 400, not a fault of ours", async (field) => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const { status, body } = await post(`{"service":"video","${field}":{"a":${deep}}}`);
  expect([status, body.code]).toEqual([400, "validation_failed"]);
});

test("a service that nobody registered is a 422 that says what to do", async () => {
  const { status, body } = await post({ service: "no-such-service" });
  expect([status, body.code, fieldsOf({ body })]).toEqual([422, "unknown_service", ["service"]]);
  expect(body.detail).toContain("PUT /api/v1/services/no-such-service");
});

test.each(["file:///etc/passwd", "https://user:password@example.com", "no URL", "http://169.254.169.254/latest"])(
  "the callback URL %s is a 422",
  async (url) => {
    const { status, body } = await post({ service: "video", callback_url: url });
    expect([status, body.code]).toEqual([422, "url_not_allowed"]);
  },
);

test("no text that a caller sent is logged", async () => {
  await post({ service: "video", prompt: "my secret prompt", metadata: { note: "my secret note" } });
  await post({ service: "video", prompt: ["my secret prompt"] });
  expect(JSON.stringify(deps.logged)).not.toContain("my secret");
});

test("a service whose document names a provider that there is not is a documented 422, for a retry too", async () => {
  await registerService(deps.db, "exotic");
  const { body: task } = await post({ service: "exotic" });
  await api("POST", `/tasks/${task.id}/cancel`, { key });
  await registerService(deps.db, "exotic", { provider: "morse" });
  deps.services.forget("exotic");
  for (const answer of [await post({ service: "exotic" }), await api("POST", `/tasks/${task.id}/retry`, { key })]) {
    expect([answer.status, answer.body.code]).toEqual([422, "unknown_provider"]);
  }
});
