import { Webhook } from "standardwebhooks";
import { BoomerangError } from "../../src/domain/errors.ts";
import { generic } from "../../src/providers/generic.ts";
import { providerOf } from "../../src/providers/index.ts";
import type { OutboundTask } from "../../src/providers/provider.ts";

const id = "0b0ff7b7-5b5f-4a4e-9f0e-3a5f3e7f2a11";
const now = Date.now();
const task: OutboundTask = {
  correlationId: id,
  callbackUrl: `https://callbacks.example/webhookCallback/${id}?token=t`,
  webhookUrl: "https://service.example/jobs?v=1",
  auth: null,
  signingSecrets: [],
  prompt: "A lighthouse at dusk",
  params: {},
  metadata: { order: [1, { "": null }] },
  taskId: "task-1",
  userId: "user-1",
  projectId: null,
  assistantId: "assistant-1",
};
const ours = {
  correlationId: id,
  callbackUrl: task.callbackUrl,
  prompt: task.prompt,
  taskId: "task-1",
  userId: "user-1",
  projectId: null,
  assistantId: "assistant-1",
  metadata: task.metadata,
};
const call = (parts: Partial<OutboundTask> = {}) => generic.buildCall({ ...task, ...parts }, now);

function thrownBy(run: () => unknown): BoomerangError {
  try {
    run();
  } catch (error) {
    if (error instanceof BoomerangError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("the provider is found by its name, and an unknown name says which there are", () => {
  expect(providerOf("generic")).toBe(generic);
  expect(thrownBy(() => providerOf("nobody"))).toMatchObject({ code: "unknown_provider", status: 422 });
  expect(thrownBy(() => providerOf("constructor")).message).toContain("generic");
});

test("the call is the documented JSON to the service's own URL, with the correlation id as Idempotency-Key", () => {
  const { url, headers, body } = call();
  expect(url).toBe(task.webhookUrl);
  expect(headers).toEqual({ "content-type": "application/json", "idempotency-key": id });
  expect(JSON.parse(body)).toEqual(ours);
});

test("custom params are in the body as they were given", () => {
  const params = { size: "1024x768", nested: { list: [[1], null] }, "": 0, constructor: "c" };
  expect(JSON.parse(call({ params }).body)).toEqual({ ...params, ...ours });
});

test.each(Object.keys(ours))("a param called %s never overwrites ours", (name) => {
  expect(JSON.parse(call({ params: { [name]: "forged" } }).body)).toEqual(ours);
});

test("a param called __proto__ is data, in the body and nowhere else", () => {
  const { body } = call({ params: JSON.parse('{"__proto__": {"prompt": "forged"}}') });
  expect(body).toContain('"__proto__":{"prompt":"forged"}');
  expect(JSON.parse(body).prompt).toBe(task.prompt);
});

test("Authorization is sent as it is, and only where it is set", () => {
  expect(call({ auth: "Bearer abc" }).headers.authorization).toBe("Bearer abc");
  expect(call().headers).not.toHaveProperty("authorization");
});

test.each([
  ["with", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  ["without", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
])("a call that is signed with a secret %s prefix verifies by the Standard Webhooks library", (_prefix, secret) => {
  const { headers, body } = call({ signingSecrets: [secret], prompt: "é 😀" });
  expect(headers["webhook-id"]).toBe(id);
  expect(headers["webhook-timestamp"]).toBe(String(Math.floor(now / 1_000)));
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ prompt: "é 😀" });
  expect(() => new Webhook(secret).verify(body.replace("é", "e"), headers)).toThrow("No matching signature");
});

test("with several secrets, whoever holds any of them can verify the call", () => {
  const secrets = ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
  const { headers, body } = call({ signingSecrets: secrets });
  for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual(ours);
  expect(() => new Webhook("bm90IG9uZSBvZiB0aGVt").verify(body, headers)).toThrow("No matching signature");
});

test.each<[answer: string, externalId: string | null, estimatedCompletion: string | null]>([
  ['{"externalId": "a", "id": "b"}', "a", null],
  ['{"id": "b", "jobId": "c"}', "b", null],
  ['{"jobId": "c", "job_id": "d"}', "c", null],
  ['{"job_id": "d"}', "d", null],
  ['{"id": 42}', "42", null],
  ['{"id": 0}', "0", null],
  ['{"id": "", "estimatedCompletion": ""}', null, null],
  ['{"id": {"a": 1}, "estimatedCompletion": ["soon"]}', null, null],
  ['{"id": null, "job_id": "d"}', "d", null],
  ['{"estimatedCompletion": "2026-01-01T00:00:00Z"}', null, "2026-01-01T00:00:00Z"],
  ['{"estimatedCompletion": 120}', null, "120"],
  [`{"id": "${"x".repeat(300)}"}`, "x".repeat(256), null],
  ['{"id": "a\\ud800"}', "a\ufffd", null],
  [`{"id": "${"x".repeat(255)}😀"}`, `${"x".repeat(255)}\ufffd`, null],
  ['[{"id": "a"}]', null, null],
  ['"id"', null, null],
  ["null", null, null],
  ["OK", null, null],
  ["", null, null],
  ["<html>", null, null],
])("the acknowledgement %j gives the job's id %j and its estimate %j", (answer, externalId, estimatedCompletion) => {
  expect(generic.parseAcknowledgement(answer)).toEqual({ externalId, estimatedCompletion });
});

const completed = {
  status: "completed",
  resultUrl: null,
  result: null,
  resultMetadata: null,
  error: null,
  errorCode: null,
};
const failed = { ...completed, status: "failed", errorCode: "service_error" };

test.each<[answer: unknown, outcome: object]>([
  [{ text: "hello" }, { ...completed, result: { text: "hello" } }],
  [
    { resultUrl: "https://a.example/b" },
    { ...completed, result: { resultUrl: "https://a.example/b" }, resultUrl: "https://a.example/b" },
  ],
  [{ resultUrl: "javascript:alert(1)" }, { ...completed, result: { resultUrl: "javascript:alert(1)" } }],
  [["a", ["b"]], { ...completed, result: ["a", ["b"]] }],
  ["text", { ...completed, result: "text" }],
  [0, { ...completed, result: 0 }],
  [false, { ...completed, result: false }],
  [null, completed],
  [
    { status: "success", result: { a: 1 }, metadata: { b: 2 } },
    { ...completed, result: { a: 1 }, resultMetadata: { b: 2 } },
  ],
  [
    { status: "success", resultUrl: "gs://b/c" },
    { ...completed, resultUrl: "gs://b/c" },
  ],
  [
    { status: "error", error: "no" },
    { ...failed, error: "no" },
  ],
  [
    { status: "error", error: "no", metadata: { code: 7 } },
    { ...failed, error: "no", resultMetadata: { code: 7 } },
  ],
  [
    { status: "progress", progress: 0.5 },
    { ...completed, result: { status: "progress", progress: 0.5 } },
  ],
  [
    { status: "done", output: 1 },
    { ...completed, result: { status: "done", output: 1 } },
  ],
])("the answer of a sync service %j is its result", (answer, outcome) => {
  expect(generic.parseResult(JSON.stringify(answer))).toEqual(outcome);
});

test.each([
  ["no JSON", "<html>"],
  ["nothing", ""],
  ["JSON that is nested too deeply", "[".repeat(200) + "]".repeat(200)],
])("a sync service that answers with %s has failed, and is told what is wanted", (_what, answer) => {
  const error = thrownBy(() => generic.parseResult(answer));
  expect([error.code, error.retryable]).toEqual(["bad_answer", false]);
  expect(error.message).toContain("as JSON");
});

const parse = (report: object) => generic.parseCallback({ correlationId: id, ...report }, id);

test.each<[report: object, parsed: object]>([
  [{ status: "success" }, { kind: "outcome", outcome: completed }],
  [
    { status: "success", resultUrl: " https://a.example/b ", metadata: { a: 1 }, result: [1] },
    {
      kind: "outcome",
      outcome: { ...completed, resultUrl: "https://a.example/b", resultMetadata: { a: 1 }, result: [1] },
    },
  ],
  [
    { status: "success", resultUrl: null, metadata: null, result: null },
    { kind: "outcome", outcome: completed },
  ],
  [
    { status: "success", error: "ignored", progress: 7 },
    { kind: "outcome", outcome: completed },
  ],
  [
    { status: "success", result: 0 },
    { kind: "outcome", outcome: { ...completed, result: 0 } },
  ],
  [
    { status: "success", result: "" },
    { kind: "outcome", outcome: { ...completed, result: "" } },
  ],
  [
    { status: "error", error: "no" },
    { kind: "outcome", outcome: { ...failed, error: "no" } },
  ],
  [
    { status: "error", error: "\ud800", result: 1 },
    { kind: "outcome", outcome: { ...failed, error: "\ufffd" } },
  ],
  [
    { status: "error", error: "no", metadata: { code: 7 } },
    { kind: "outcome", outcome: { ...failed, error: "no", resultMetadata: { code: 7 } } },
  ],
  [
    { status: "progress", progress: 0 },
    { kind: "progress", progress: 0 },
  ],
  [
    { status: "progress", progress: 1, message: null },
    { kind: "progress", progress: 1 },
  ],
  [
    { status: "progress", progress: 0.5, message: "half" },
    { kind: "progress", progress: 0.5, message: "half" },
  ],
  [
    { status: "progress", progress: 0.5, message: "" },
    { kind: "progress", progress: 0.5, message: "" },
  ],
])("the callback %j is read as what it says", (report, parsed) => {
  expect(parse(report)).toEqual(parsed);
});

test("what a callback holds under __proto__ is kept", () => {
  const metadata = JSON.parse('{"__proto__": {"a": 1}}');
  const report = parse({ status: "success", metadata });
  expect(JSON.stringify(report)).toContain('"resultMetadata":{"__proto__":{"a":1}}');
});

test.each<[fields: string[], report: object]>([
  [["correlationId"], { correlationId: "another", status: "success" }],
  [["correlationId"], { correlationId: undefined, status: "success" }],
  [["correlationId", "status"], { correlationId: [id], status: "finished" }],
  [["status"], {}],
  [["resultUrl"], { status: "success", resultUrl: "javascript:alert(1)" }],
  [["resultUrl", "metadata"], { status: "success", resultUrl: 1, metadata: [] }],
  [["error"], { status: "error" }],
  [["progress"], { status: "progress", progress: Number.NaN }],
  [["progress"], { status: "progress", progress: Number.POSITIVE_INFINITY }],
  [["progress", "message"], { status: "progress", progress: 1.01, message: "x".repeat(1_001) }],
])("a callback with wrong fields names all of them: %j", (fields, report) => {
  const error = thrownBy(() => parse(report));
  expect([error.code, error.status, error.errors.map(({ field }) => field)]).toEqual([
    "validation_failed",
    400,
    fields,
  ]);
  expect(error.errors.every(({ message }) => message.length > 5)).toBe(true);
});

test.each([null, [], "text", 5, undefined])("a callback that is no object, %j, is refused", (body) => {
  expect(thrownBy(() => generic.parseCallback(body, id))).toMatchObject({ code: "validation_failed", status: 400 });
});
