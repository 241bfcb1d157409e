import { pendingWebhooks } from "../../src/tasks/pending-webhook.ts";
import { createApiClient, fieldsOf, newKey, registerService } from "../support/api-client.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["tasks:read", "tasks:write"]);
  await registerService(deps.db, "video");
});

const post = (body: unknown, headers: Record<string, string> = {}, as = key) =>
  api("POST", "/tasks", { key: as, body, headers });
const stored = async () => (await pendingWebhooks(deps.db).count().get()).data().count;
const long = (length: number) => "x".repeat(length);

test("the same Idempotency-Key with the same request is one task, however often and in whatever order of fields", async () => {
  const before = await stored();
  const headers = { "idempotency-key": "order-7" };
  const request = { service: "video", metadata: { a: 1, b: 2 } };
  const answers = await Promise.all(Array.from({ length: 5 }, () => post(request, headers)));
  const later = await post({ metadata: { b: 2, a: 1 }, service: "video" }, headers);
  expect([...answers, later].map(({ status }) => status)).toEqual(Array(6).fill(202));
  expect(new Set([...answers, later].map(({ body }) => body.id)).size).toBe(1);
  expect(later.headers.get("location")).toBe(`/api/v1/tasks/${later.body.id}`);
  expect(await stored()).toBe(before + 1);
});

test("the same Idempotency-Key with another request is a 409, and the first task stays as it was", async () => {
  const headers = { "idempotency-key": "order-8" };
  const { body: first } = await post({ service: "video", prompt: "a" }, headers);
  const { status, body } = await post({ service: "video", prompt: "b" }, headers);
  expect([status, body.code]).toEqual([409, "idempotency_key_reused"]);
  expect((await api("GET", `/tasks/${first.id}`, { key })).body).toEqual(first);
});

test("two owners may use the same Idempotency-Key, and neither sees the other's task", async () => {
  const headers = { "idempotency-key": "order-9" };
  const ben = await newKey(deps.db, "ben", ["tasks:write"]);
  const mine = await post({ service: "video" }, headers);
  const his = await post({ service: "video" }, headers, ben);
  expect(his.status).toBe(202);
  expect(his.body.id).not.toBe(mine.body.id);
});

test("without an Idempotency-Key every request is a task of its own", async () => {
  const [one, two] = await Promise.all([post({ service: "video" }), post({ service: "video" })]);
  expect(one.body.id).not.toBe(two.body.id);
});

test.each([
  ["empty", ""],
  ["too long", long(256)],
  ["not ASCII", "clé"],
])("an Idempotency-Key that is %s is a 400 that names it", async (_what, value) => {
  const before = await stored();
  const { status, body } = await post({ service: "video" }, { "idempotency-key": value });
  expect([status, body.code, fieldsOf({ body })]).toEqual([400, "validation_failed", ["Idempotency-Key"]]);
  expect(await stored()).toBe(before);
});

test("an Idempotency-Key may have 255 characters, and any that HTTP prints", async () => {
  expect((await post({ service: "video" }, { "idempotency-key": long(255) })).status).toBe(202);
  expect((await post({ service: "video" }, { "idempotency-key": `"a/b"~{../}` })).status).toBe(202);
});
