import { createApiClient, newKey, registerService } from "../support/api-client.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["tasks:read", "tasks:write"]);
  await registerService(deps.db, "video");
});

const post = (body: unknown, headers: Record<string, string> = {}) => api("POST", "/tasks", { key, body, headers });

test.each<[string, string, number, string]>([
  ["text/plain", "{}", 415, "unsupported_media_type"],
  ["application/x-www-form-urlencoded", "service=video", 415, "unsupported_media_type"],
  ["application/jsonp", "{}", 415, "unsupported_media_type"],
  ["", "{}", 415, "unsupported_media_type"],
  ["application/json", "", 400, "not_json"],
  ["application/json", "{", 400, "not_json"],
  ["application/json", "{'service':'video'}", 400, "not_json"],
  ["application/json", '{"service":"video"} x', 400, "not_json"],
  ["application/json", "{}", 400, "validation_failed"],
  ["application/json; charset=utf-8", "{}", 400, "validation_failed"],
  ["Application/JSON", "{}", 400, "validation_failed"],
  ["application/vnd.api+json", "{}", 400, "validation_failed"],
])("a body of type %j that says %j is a %i, %s", async (type, text, status, code) => {
  const answer = await post(text, { "content-type": type });
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test("a compressed body is a 415 that says how to send it", async () => {
  const answer = await post("{}", { "content-type": "application/json", "content-encoding": "gzip" });
  expect([answer.status, answer.body.code]).toEqual([415, "unsupported_media_type"]);
});

test("a body that is not UTF-8 is a 400", async () => {
  const { status, body } = await post(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
  expect([status, body.code]).toEqual([400, "not_json"]);
});

test("a body of up to 1 MiB is read, a larger one is a 413 that says how large it may be", async () => {
  const padded = (bytes: number) => `{"service":"video"}${" ".repeat(bytes - 19)}`;
  expect((await post(padded(1_048_576))).status).toBe(202);
  const { status, body } = await post(padded(1_048_577));
  expect([status, body.code]).toEqual([413, "body_too_large"]);
  expect(body.detail).toBe("The body has more than 1048576 bytes, which is the most that is taken.");
});
