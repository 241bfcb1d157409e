import { gzipSync } from "node:zlib";
import { parseKeys } from "../../src/domain/keys.ts";
import { createCallbackFunction, fieldsOf, reportOf, successOf } from "../support/callback-function.ts";
import { keptCallbacks, tokenFor } from "../support/callbacks.ts";
import { readTask, submitted } from "../support/tasks.ts";
import { newSecret, newTestFirestore } from "../support/test-deps.ts";

// Every 4xx of the contract's table that says what was wrong with the request, over HTTP on the runtime that production has.

const service = createCallbackFunction(newTestFirestore());
const { deps, send } = service;

beforeAll(async () => {
  await service.start();
}, 60_000);
afterAll(() => service.stop());

test.each([
  ["none", () => null],
  ["an empty one", () => ""],
  ["garbage", () => "garbage"],
  ["parts without a signature", () => "generic~task~kgx8v3e0~"],
  ["another task's", () => tokenFor(deps.keys, "5e0e2b3e-58a4-4c07-9a8f-df3a0d8a7f63")],
  ["one made with another secret", (id: string) => tokenFor(parseKeys(newSecret()), id)],
  ["one with another provider in it", (id: string) => tokenFor(deps.keys, id).replace("generic", "replicate")],
  ["one with another event prefix in it", (id: string) => tokenFor(deps.keys, id).replace("task", "job")],
  ["one with a part more", (id: string) => `${tokenFor(deps.keys, id)}~x`],
  ["one that is cut", (id: string) => tokenFor(deps.keys, id).slice(0, -2)],
])("a callback with %s for a token is answered 401, and changes nothing", async (_what, token) => {
  const id = await submitted(deps);
  const answer = await send(id, successOf(id), { token: token(id) });
  expect([answer.status, answer.json.code]).toEqual([401, "wrong_token"]);
  expect((await readTask(deps, id)).status).toBe("pending");
});

test("a token is checked before the body is looked at, and before any task is", async () => {
  const unknown = "no-such-task";
  expect((await send(unknown, "not json", { token: "wrong", type: "text/plain" })).status).toBe(401);
  expect((await send(unknown, successOf(unknown), { token: "wrong" })).status).toBe(401);
});

test.each([
  ["an outcome", { status: "success" }],
  ["progress", { status: "progress", progress: 0.1 }],
])("%s for a correlation id that does not exist is answered 404, and makes no document", async (_what, parts) => {
  const id = `unknown-${parts.status}`;
  const answer = await send(id, reportOf(id, parts));
  expect([answer.status, answer.json.code]).toEqual([404, "unknown_task"]);
  expect(await keptCallbacks(deps, id)).toEqual([]);
  await expect(readTask(deps, id)).rejects.toThrow("no task");
});

test.each(["", "a/b"])("a URL that is no callbackUrl, /%s, is answered 404", async (path) => {
  expect((await send(path, "{}", { token: null })).json).toMatchObject({ status: 404, code: "not_found" });
});

test("a body with another task's correlation id is answered 400, and changes neither task", async () => {
  const [id, other] = [await submitted(deps), await submitted(deps)];
  const answer = await send(id, successOf(other));
  expect([answer.status, fieldsOf(answer)]).toEqual([400, ["correlationId"]]);
  expect([(await readTask(deps, id)).status, (await readTask(deps, other)).status]).toEqual(["pending", "pending"]);
});

test.each(["[]", "null", '"text"', "5", "true"])("a body that is no object, %s, is answered 400", async (body) => {
  const answer = await send("any-task", body);
  expect([answer.status, fieldsOf(answer)]).toEqual([400, ["body"]]);
});

test.each<[fields: string, parts: object]>([
  ["correlationId", { correlationId: undefined, status: "success" }],
  ["correlationId", { correlationId: 7, status: "success" }],
  ["status", {}],
  ["status", { status: "done" }],
  ["correlationId status", { correlationId: null, status: null }],
  ["resultUrl", { status: "success", resultUrl: "/a.mp4" }],
  ["resultUrl", { status: "success", resultUrl: 5 }],
  ["metadata", { status: "success", metadata: [1] }],
  ["resultUrl metadata", { status: "success", resultUrl: "ftp://a.example/b", metadata: "text" }],
  ["error", { status: "error" }],
  ["error", { status: "error", error: "" }],
  ["error metadata", { status: "error", error: { message: "x" }, metadata: 5 }],
  ["progress", { status: "progress" }],
  ["progress", { status: "progress", progress: 50 }],
  ["progress message", { status: "progress", progress: "0.5", message: 5 }],
])("a body with wrong fields is answered 400, naming %s", async (names, parts) => {
  const id = await submitted(deps);
  const answer = await send(id, reportOf(id, parts));
  expect([answer.status, answer.json.code]).toEqual([400, "validation_failed"]);
  expect(fieldsOf(answer)).toEqual(names.split(" "));
  for (const name of names.split(" ")) expect(answer.json.detail).toContain(name);
  expect((await readTask(deps, id)).status).toBe("pending");
});

test.each<[what: string, type: string | null, body: string | Buffer | undefined]>([
  ["text/plain", "text/plain", "{}"],
  ["a form", "application/x-www-form-urlencoded", "status=success"],
  ["multipart", "multipart/form-data; boundary=x", "--x--"],
  ["no content type", null, "{}"],
  ["JSON by a name like it", "application/jsonp", "{}"],
  ["broken JSON", "application/json", '{"status": "succ'],
  ["two JSON texts", "application/json", "{} {}"],
  ["JSON with a comment", "application/json", "{} // done"],
  ["NaN", "application/json", '{"status": "progress", "progress": NaN}'],
  ["an empty body", "application/json", ""],
  ["no body at all", "application/json", undefined],
  ["bytes that are not UTF-8", "application/json", Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ["JSON in UTF-16", "application/json; charset=utf-16", Buffer.from("{}", "utf16le")],
  ["a lone byte order mark", "application/json", Buffer.from([0xef, 0xbb, 0xbf])],
])("what is not JSON, %s, is answered 415", async (_what, type, body) => {
  const answer = await send("any-task", body, { type });
  expect([answer.status, answer.json.code]).toEqual([415, "not_json"]);
});

test.each<[what: string, encoding: string, body: (json: string) => string | Buffer]>([
  ["that is compressed", "gzip", (json) => gzipSync(json)],
  ["that says it is compressed, but is not", "gzip", (json) => json],
  ["in an encoding that nobody knows", "rot13", (json) => json],
])("a body %s is answered 415, and told what is taken", async (_what, encoding, body) => {
  const id = await submitted(deps);
  const answer = await send(id, body(successOf(id)), { headers: { "content-encoding": encoding } });
  expect([answer.status, answer.headers["accept-encoding"]]).toEqual([415, "identity"]);
});

test("a body of more than 10 MiB is answered 413, and one just below is looked at", async () => {
  const padded = (length: number) => `{"a":"${"x".repeat(length - 8)}"}`;
  expect((await send("any-task", padded(11 * 2 ** 20))).status).toBe(413);
  expect((await send("any-task", padded(10 * 2 ** 20 + 1))).status).toBe(413);
  expect((await send("any-task", padded(10 * 2 ** 20))).status).toBe(400);
});

test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])(
  "%s is answered 405 with Allow: POST, whatever the token, and never as a preflight",
  async (method) => {
    const id = await submitted(deps);
    const preflight = { origin: "https://app.example.com", "access-control-request-method": "POST" };
    const body = method === "PUT" || method === "PATCH" ? successOf(id) : undefined;
    const answer = await send(id, body, { method, headers: preflight });
    expect([answer.status, answer.headers.allow]).toEqual([405, "POST"]);
    expect((await readTask(deps, id)).status).toBe("pending");
  },
);

test("a path with a broken percent-encoding is answered like any other that is not ours", async () => {
  for (const path of ["%", "%E0%A4%A", "%ff%fe"]) {
    expect((await send(path, "{}", { token: "wrong" })).status).toBe(401);
  }
});
