import { getApps } from "firebase-admin/app";
import { parseKeys } from "../../src/domain/keys.ts";
import { fromStorable } from "../../src/domain/storable.ts";
import type { PendingWebhook } from "../../src/tasks/pending-webhook.ts";
import { callBack, callBackRaw, keptCallbacks, sendHttp, tokenFor } from "../support/callbacks.ts";
import { type ProductionRuntime, startProductionRuntime } from "../support/production-runtime.ts";
import { readTask, submitted } from "../support/tasks.ts";
import { createTestDeps, newSecret, newTestFirestore } from "../support/test-deps.ts";

// A service that holds a valid token may still send anything. Whatever it is, the answer is 200 or 4xx, and what was
// accepted reads back as it was sent.

const secret = newSecret();
const deps = createTestDeps(newTestFirestore(), { keys: parseKeys(secret) });
let runtime: ProductionRuntime;

beforeAll(async () => {
  runtime = await startProductionRuntime("webhookCallback", {
    GCLOUD_PROJECT: getApps()[0]?.options.projectId ?? "",
    FUNCTIONS_EMULATOR: "true",
    BOOMERANG_SECRET: secret,
  });
}, 60_000);
afterAll(async () => {
  await runtime.stop();
  await deps.db.terminate();
});

/** Sends a success whose `result` and `metadata.part` are this JSON text; gives how the task stands then. */
async function sendResult(json: string): Promise<{ status: number; task: PendingWebhook }> {
  const id = await submitted(deps);
  const body = `{"correlationId": "${id}", "status": "success", "result": ${json}, "metadata": {"part": ${json}}}`;
  const { status } = await callBackRaw(deps, id, body);
  return { status, task: await readTask(deps, id) };
}

const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;

test.each<[what: string, json: string]>([
  ["__proto__", '{"__proto__": {"polluted": true}, "b": {"__proto__": {"polluted": true}}}'],
  ["constructor.prototype", '{"constructor": {"prototype": {"polluted": true}, "name": "Timestamp"}}'],
  ["names of methods", '{"toString": 1, "toJSON": 2, "valueOf": 3, "hasOwnProperty": 4, "isEqual": 5, "toProto": 6}'],
  ["50 levels", nested(50)],
  ["arrays in arrays", "[[1, [2, []]], [[[]]]]"],
  ["empty keys", '{"": {"": 1}}'],
  ["reserved keys", '{"__name__": 1, "__type__": "__vector__", "value": [1, 2]}'],
  ["our own wrapping", '{"$json": "not JSON"}'],
  ["our own reference", '{"$storage": {"bucket": "b", "path": "../x", "bytes": -1}}'],
  ["lone surrogates", '{"a\\ud800": "b\\udfff", "list": ["\\ud83d"]}'],
  ["NUL characters", '{"a\\u0000b": "\\u0000", "c": "\\u0000\\u0001"}'],
  ["field path characters", '{"a.b": 1, "a/b": 2, "`": 3, "[0]": 4, "*": 5, "~": 6, "\\\\": 7}'],
  ["extreme numbers", "[9007199254740991, -9007199254740991, 1.7976931348623157e308, 5e-324, 0.1, 1e-400, 1e21]"],
  ["duplicate keys", '{"a": 1, "a": 2}'],
  ["a key of 2,000 characters", `{"${"k".repeat(2_000)}": 1}`],
  ["text alone", '"just text"'],
  ["false alone", "false"],
  ["zero alone", "0"],
  ["an empty text alone", '""'],
])("a result with %s reads back as it was sent", async (_what, json) => {
  const { status, task } = await sendResult(json);
  expect(status).toBe(200);
  expect(fromStorable(task.result)).toEqual(JSON.parse(json));
  expect(fromStorable(task.resultMetadata)).toEqual({ part: JSON.parse(json) });
  expect(JSON.stringify(fromStorable(task.resultMetadata))).toContain(JSON.stringify(JSON.parse(json)));
  expect({}).not.toHaveProperty("polluted");
});

test("the same odd result again is the same outcome", async () => {
  const id = await submitted(deps);
  const odd = { status: "success", result: [[{ "": 1 }], "\ud800"], metadata: JSON.parse('{"__proto__": {"a": 1}}') };
  expect((await callBack(deps, id, odd)).body).toEqual({ received: true, status: "completed" });
  expect((await callBack(deps, id, odd)).body).toEqual({ received: true, duplicate: true, status: "completed" });
  expect((await callBack(deps, id, { ...odd, metadata: {} })).status).toBe(409);
});

test.each<[what: string, json: string]>([
  ["200 levels", nested(200)],
  ["100,000 levels", "[".repeat(100_000) + "]".repeat(100_000)],
  ["a number that no double holds", '{"a": [1e400]}'],
  ["a negative number that no double holds", "-1e400"],
])("a result with %s is refused, and the task stays open", async (_what, json) => {
  const { status, task } = await sendResult(json);
  expect([status, task.status]).toEqual([400, "pending"]);
});

test("100,000 levels over HTTP do not bring the function down", async () => {
  const id = await submitted(deps);
  const path = `/${id}?token=${tokenFor(deps.keys, id)}`;
  const headers = { "content-type": "application/json" };
  const deep = `{"correlationId": "${id}", "status": "success", "result": ${nested(100_000)}}`;
  expect((await sendHttp(runtime.url, path, { headers, body: deep })).status).toBe(400);
  const flat = `{"correlationId": "${id}", "status": "success"}`;
  expect((await sendHttp(runtime.url, path, { headers, body: flat })).status).toBe(200);
});

test("a result of 5 MB goes to the file store, with a reference in its place, and again is the same outcome", async () => {
  const id = await submitted(deps);
  const result = { text: "y".repeat(5_000_000) };
  const metadata = { text: "x".repeat(1_000_000) };
  const report = { status: "success", result, metadata };
  expect((await callBack(deps, id, report)).body).toEqual({ received: true, status: "completed" });
  const task = await readTask(deps, id);
  for (const [part, sent] of Object.entries({ result, resultMetadata: metadata })) {
    const bytes = Buffer.byteLength(JSON.stringify(sent));
    const path = `results/${id}/${bytes}.json`;
    expect(task).toHaveProperty(part, { $storage: expect.objectContaining({ path, bytes }) });
    expect(JSON.parse(deps.kept.get(path) ?? "")).toEqual(sent);
  }
  expect((await callBack(deps, id, report)).body).toMatchObject({ duplicate: true });
});

test("a huge error text is kept to its limit, says how much is missing, and again is the same outcome", async () => {
  const id = await submitted(deps);
  const report = { status: "error", error: "stack ".repeat(500_000) };
  expect((await callBack(deps, id, report)).status).toBe(200);
  const { error } = await readTask(deps, id);
  expect(error?.slice(0, 32_768)).toBe(report.error.slice(0, 32_768));
  expect(error?.slice(32_768)).toBe(`… (${3_000_000 - 32_768} more characters)`);
  expect((await callBack(deps, id, report)).body).toMatchObject({ duplicate: true });
});

test.each(["a\ud800b", "\udc00", "a\u0000b", `${"😀".repeat(20_000)}`])(
  "an error or message that is no well-formed text is kept as far as text can be (%#)",
  async (text) => {
    const [failing, going] = [await submitted(deps), await submitted(deps)];
    expect((await callBack(deps, failing, { status: "error", error: text })).status).toBe(200);
    expect((await readTask(deps, failing)).error?.slice(0, 2)).toBe(text.toWellFormed().slice(0, 2));
    const message = text.slice(0, 1_000);
    expect((await callBack(deps, going, { status: "progress", progress: 0.5, message })).status).toBe(200);
    expect((await readTask(deps, going)).history.at(-1)?.message).toBe(message.toWellFormed());
  },
);

test.each<object>(
  [
    ...[
      "javascript:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "ftp://a.example/b",
      "blob:https://a.example/b",
    ],
    ...["/a.mp4", "a.mp4", "//a.example/b", "https:a.example", "https:/a.example", "https://", "https://[", " "],
    ...["https://a.example/\u0000", "https://a.example/a\nb", "https://a.example/\ud800", "https://a.example:99999/"],
    `https://a.example/${"x".repeat(8_193 - 18)}`,
    ...[5, true, [], {}, ["https://a.example/"]],
  ]
    .map((resultUrl) => ({ status: "success", resultUrl }))
    .concat([
      ...[-0.001, 1.001, 50, "0.5", "NaN", null, true, [0.5], {}].map((progress) => ({ status: "progress", progress })),
      ...[5, [], {}, "x".repeat(1_001)].map((message) => ({ status: "progress", progress: 0.5, message })),
      ...[5, null, "", [], {}, true].map((error) => ({ status: "error", error })),
      ...[5, "text", [], true].map((metadata) => ({ status: "success", metadata })),
      ...["", "SUCCESS", "completed", "constructor", "__proto__", 5, null, [], {}, ["success"]].map((status) => ({
        status,
      })),
    ] as never[]),
)("%j is refused as a bad field, and the task stays open", async (report) => {
  const id = await submitted(deps);
  const answer = await callBack(deps, id, report);
  expect(answer).toMatchObject({ status: 400, body: { code: "validation_failed" } });
  expect((await readTask(deps, id)).status).toBe("pending");
});

test.each(["1e400", "-1e400"])("progress of %s is refused", async (progress) => {
  const id = await submitted(deps);
  const body = `{"correlationId": "${id}", "status": "progress", "progress": ${progress}}`;
  expect((await callBackRaw(deps, id, body)).status).toBe(400);
});

test.each([
  "https://a.example/b?x=%20&sig=A%2Bb%3D%3D#t",
  "HTTPS://A.example/B",
  "http://127.0.0.1:8080/a",
  "gs://bucket/a/b c.mp4",
  "https://a.example/ü/😀.png",
  `https://a.example/${"x".repeat(8_192 - 18)}`,
])("a resultUrl of any honest form is kept to the letter (%#)", async (resultUrl) => {
  const id = await submitted(deps);
  expect((await callBack(deps, id, { status: "success", resultUrl })).status).toBe(200);
  expect((await readTask(deps, id)).resultUrl).toBe(resultUrl);
});

test("fields that nobody asked for change nothing but the outcome", async () => {
  const id = await submitted(deps, { prompt: "mine" });
  const before = await readTask(deps, id);
  const extra = {
    ownerId: "thief",
    prompt: "theirs",
    history: [],
    expiresAt: 0,
    error: "x",
    progress: 0.1,
    a: { b: 1 },
  };
  expect((await callBackRaw(deps, id, JSON.stringify({ ...extra, correlationId: id, status: "success" }))).status).toBe(
    200,
  );
  const { ownerId, prompt, expiresAt, error } = await readTask(deps, id);
  expect({ ownerId, prompt, expiresAt, error }).toEqual({
    ownerId: before.ownerId,
    prompt: "mine",
    expiresAt: before.expiresAt,
    error: null,
  });
});

test("of a key that is there twice, the last one counts", async () => {
  const id = await submitted(deps);
  const last = (status: string) =>
    `{"correlationId": "x", "correlationId": "${id}", "status": "nonsense", "status": "${status}"}`;
  expect((await callBackRaw(deps, id, last("success"))).status).toBe(200);
  expect(
    (await callBackRaw(deps, id, `{"correlationId": "${id}", "correlationId": "x", "status": "success"}`)).status,
  ).toBe(400);
});

test("null stands for a field that is left out", async () => {
  const id = await submitted(deps);
  expect((await callBack(deps, id, { status: "success", resultUrl: null, metadata: null, result: null })).status).toBe(
    200,
  );
  expect((await callBack(deps, id, { status: "success" })).body).toMatchObject({ duplicate: true });
});

test.each(["__x__", "__proto__", ".", "..", "x".repeat(2_000), "é", "a b", "%2F", "%2e%2e", "a%00b", "constructor"])(
  "a correlation id that no task can have is answered 404 even with a good token (%#)",
  async (id) => {
    expect((await callBack(deps, id, { status: "success" })).status).toBe(404);
    expect((await callBack(deps, id, { status: "progress", progress: 0.5 })).status).toBe(404);
    expect(await keptCallbacks(deps, "constructor")).toEqual([]);
  },
);

test.each([
  ["a slash in it", (id: string) => `/${id}/outcome/final`, 404],
  ["an encoded slash in it", (id: string) => `/${id}%2Foutcome%2Ffinal`, 401],
  ["dots before it", (id: string) => `/../${id}`, 404],
  ["encoded dots before it", (id: string) => `/%2e%2e/${id}`, 404],
  ["an encoding that it does not need", (id: string) => `/%${id.charCodeAt(0).toString(16)}${id.slice(1)}`, 401],
  ["capital letters", (id: string) => `/A${id.toUpperCase()}`, 401],
  ["2,000 characters", () => `/${"x".repeat(2_000)}`, 401],
  ["more slashes around it", (id: string) => `//${id}/`, 200],
])("a path with %s is answered as what it is", async (_what, path, status) => {
  const id = await submitted(deps);
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ correlationId: id, status: "success" });
  const answer = await sendHttp(runtime.url, `${path(id)}?token=${tokenFor(deps.keys, id)}`, { headers, body });
  expect(answer.status).toBe(status);
  expect((await readTask(deps, id)).status).toBe(status === 200 ? "completed" : "pending");
});

test.each([
  ["twice", (token: string) => `token=${token}&token=${token}`, 401],
  ["as an array", (token: string) => `token[]=${token}`, 401],
  ["as an object", (token: string) => `token[a]=${token}`, 401],
  ["in capitals", (token: string) => `TOKEN=${token}`, 401],
  ["10,000 characters long", () => `token=${"~".repeat(10_000)}`, 401],
  ["broken in its encoding", (token: string) => `token=${token}%E0%A4`, 401],
  ["longer than any header may be", () => `token=${"x".repeat(20_000)}`, 431],
  ["beside other parameters", (token: string) => `a=1&token=${token}&b=2&__proto__=3`, 200],
  ["percent-encoded", (token: string) => `token=${token.replaceAll("~", "%7E")}`, 200],
])("a token that comes %s is answered as what it is", async (_what, query, status) => {
  const id = await submitted(deps);
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ correlationId: id, status: "success" });
  const answer = await sendHttp(runtime.url, `/${id}?${query(tokenFor(deps.keys, id))}`, { headers, body });
  expect(answer.status).toBe(status);
  expect((await readTask(deps, id)).status).toBe(status === 200 ? "completed" : "pending");
});
