import { createHash } from "node:crypto";
import { createApiClient, fieldsOf, newKey } from "../support/api-client.ts";
import { readTask } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { boundary, end, formType, newBucket, part, pdf, sourceType, upload, uploadersKey } from "../support/uploads.ts";

const bucket = newBucket();
const deps = createTestDeps(newTestFirestore(), { files: bucket.files }, { MAX_UPLOAD_MB: "1" });
const api = createApiClient(deps);
const mb = 1_000_000;
let key: string;
beforeAll(async () => {
  key = await uploadersKey(deps.db);
});
afterAll(() => deps.db.terminate());

const file = (content: string | Buffer, name = "report.pdf", type?: string) =>
  part("file", content, { name, ...(type === undefined ? {} : { type }) });
const tasks = async () => (await deps.db.collection("pendingWebhooks").count().get()).data().count;

/** Expects an answer, and that nothing is left of the request: neither a task nor a file. */
async function refused(send: () => ReturnType<typeof upload>, status: number, code: string) {
  const before = [await tasks(), await bucket.paths()];
  const answer = await send();
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect([await tasks(), await bucket.paths()]).toEqual(before);
  return answer;
}

test("a file becomes a task, whatever the order of the parts", async () => {
  const hook = part("webhook_url", "http://127.0.0.1:9/webhook");
  const sha256 = createHash("sha256").update("%PDF-1.7 content").digest("hex");
  for (const parts of [
    [sourceType, pdf, hook],
    [hook, sourceType, pdf],
    [pdf, hook, sourceType],
  ]) {
    const { status, body } = await upload(deps, key, [...parts, end]);
    expect(status).toBe(202);
    const id = body.task_id;
    expect(body).toMatchObject({ status: "pending", file_name: "report.pdf", file_size: 16 });
    const metadata = { source_type: "document", webhook_url: "http://127.0.0.1:9/webhook" };
    const [path] = await bucket.filesOf(id);
    expect(path).toMatch(new RegExp(`^uploads/${id}/[\\da-f-]{36}$`));
    const stored = { path, name: "report.pdf", contentType: "application/pdf", bytes: 16, sha256 };
    const task = { service: "ingest", ownerId: "anna", params: { source_type: "document" }, callbackFormat: "morag" };
    expect(await readTask(deps, String(id))).toMatchObject({
      ...task,
      metadata,
      callbackUrl: metadata.webhook_url,
      file: stored,
    });
  }
});

test.each([
  ["in one piece", (all: Buffer) => [all]],
  ["byte by byte", (all: Buffer) => Array.from(all, (byte) => Buffer.from([byte]))],
])("a file comes through %s, whatever is in it", async (_how, cut) => {
  const content = Buffer.concat([
    Buffer.from(`\r\n--${boundary.slice(0, -1)}\r\n--${boundary}`.slice(0, -1)),
    Buffer.from(Array.from({ length: 1_024 }, (_, i) => i % 256)),
    Buffer.from(`\n--${boundary}\r\r\n\r\n-`),
  ]);
  const { status, body } = await upload(deps, key, cut(Buffer.concat([sourceType, file(content), end])));
  expect([status, body.file_size]).toEqual([202, content.length]);
  const stream = await bucket.files.read((await bucket.filesOf(body.task_id))[0] ?? "");
  expect(Buffer.concat((await stream?.toArray()) ?? []).equals(content)).toBe(true);
});

test.each<[string, string, string]>([
  ["../../etc/passwd", "application/pdf", "passwd"],
  ["C:\\Users\\x\\a.pdf", "application/pdf", "a.pdf"],
  ["naïve 文書.pdf", "text/plain; charset=utf-8", "naïve 文書.pdf"],
  ["a\u0000b\u0007.pdf", "no media type", "ab.pdf"],
  ["x".repeat(1_000), 'a/b"c', "x".repeat(255)],
])("the name %j is data, and no path", async (name, type, kept) => {
  const { status, body } = await upload(deps, key, [sourceType, file("x", name, type), end]);
  expect([status, body.file_name]).toEqual([202, kept]);
  const [path] = await bucket.filesOf(body.task_id);
  expect(path).toMatch(new RegExp(`^uploads/${body.task_id}/[\\da-f-]{36}$`));
  const plain = { "application/pdf": "application/pdf", "text/plain; charset=utf-8": "text/plain" }[type];
  expect((await readTask(deps, String(body.task_id))).file?.contentType).toBe(plain ?? "application/octet-stream");
});

test("a file of just the limit is taken, one byte more is not, and leaves nothing", async () => {
  expect((await upload(deps, key, [sourceType, file(Buffer.alloc(mb)), end])).status).toBe(202);
  const large = () => upload(deps, key, [sourceType, file(Buffer.alloc(mb + 1)), end]);
  const { body } = await refused(large, 413, "body_too_large");
  expect(body.detail).toBe("The file is larger than 1 MB (1000000 bytes), which is the most that is taken here.");
});

test("what is too large is not read to its end", async () => {
  let sent = 0;
  async function* endless() {
    yield sourceType;
    yield file("x").subarray(0, -2);
    for (; sent < 1_000 * mb; sent += 65_536) yield Buffer.alloc(65_536);
  }
  await refused(() => upload(deps, key, endless()), 413, "body_too_large");
  expect(sent).toBeLessThan(3 * mb);
  sent = 0;
  async function* preamble() {
    for (; sent < 1_000 * mb; sent += 65_536) yield Buffer.alloc(65_536);
  }
  await refused(() => upload(deps, key, preamble()), 413, "body_too_large");
  expect(sent).toBeLessThan(4 * mb);
  const announced = () => upload(deps, key, [sourceType], { "content-length": String(3 * mb) });
  await refused(announced, 413, "body_too_large");
});

test.each<[string, Buffer[], string[]]>([
  ["no file", [sourceType, end], ["file"]],
  ["nothing", [end], ["source_type", "file"]],
  ["no source_type", [pdf, end], ["source_type"]],
  ["an empty source_type", [part("source_type", ""), pdf, end], ["source_type"]],
  ["a source_type with a line break", [part("source_type", "a\r\nb"), pdf, end], ["source_type"]],
  ["a source_type without end", [part("source_type", "x".repeat(10_000)), pdf, end], ["source_type"]],
  ["a field of nobody's", [sourceType, pdf, part("sourcetype", "x"), end], ["sourcetype"]],
  ["__proto__", [sourceType, pdf, part("__proto__", "x"), end], ["__proto__"]],
  ["a field without a name", [sourceType, pdf, part("", "x"), end], ["body"]],
  ["text in place of the file", [sourceType, part("file", "text"), end], ["file"]],
  ["an empty file", [sourceType, file(""), end], ["file"]],
  ["two files", [sourceType, pdf, file("another"), end], ["file"]],
  ["a file under another name", [sourceType, part("attachment", "x", { name: "a" }), end], ["attachment"]],
  ["a file in place of text", [pdf, part("source_type", "x", { name: "a" }), end], ["source_type"]],
  ["a field twice", [sourceType, sourceType, pdf, end], ["source_type"]],
  ["too many fields", [sourceType, pdf, ...Array.from({ length: 30 }, (_, i) => part(`f${i}`, "x")), end], ["body"]],
])("a form with %s is refused, and leaves nothing", async (_what, parts, fields) => {
  const answer = await refused(() => upload(deps, key, parts), 400, "validation_failed");
  expect(fieldsOf(answer)).toEqual(fields);
});

test.each<[string, Buffer[]]>([
  ["before the first part", []],
  ["in a part's headers", [sourceType, pdf.subarray(0, 60)]],
  ["in the file", [sourceType, pdf.subarray(0, -10)]],
  ["before the closing boundary", [sourceType, pdf]],
  ["in the closing boundary", [sourceType, pdf, end.subarray(0, 10)]],
  ["without any boundary", [Buffer.from('{"source_type":"document"}')]],
])("a body that ends %s is refused, and leaves nothing", async (_where, parts) => {
  await refused(() => upload(deps, key, parts), 400, "bad_form");
});

test("a client that goes away in the middle leaves nothing", async () => {
  async function* lost() {
    yield sourceType;
    yield file(Buffer.alloc(300_000));
    throw new Error("ECONNRESET");
  }
  const { body } = await refused(() => upload(deps, key, lost()), 400, "bad_form");
  expect(body.detail).toContain("It broke off.");
});

test.each<[string, Record<string, string>, number, string]>([
  ["no boundary", { "content-type": "multipart/form-data" }, 400, "bad_form"],
  ["JSON", { "content-type": "application/json" }, 415, "unsupported_media_type"],
  ["another multipart", { "content-type": "multipart/mixed; boundary=x" }, 415, "unsupported_media_type"],
  ["a compressed body", { "content-encoding": "gzip" }, 415, "unsupported_media_type"],
  ["another boundary", { "content-type": `${formType}x` }, 400, "bad_form"],
])("%s is refused", async (_what, headers, status, code) => {
  await refused(() => upload(deps, key, [sourceType, pdf, end], headers), status, code);
});

test("without a registered service, or with a webhook_url that is not allowed, nothing is kept", async () => {
  const bare = createTestDeps(newTestFirestore(), { files: bucket.files });
  const theirs = await newKey(bare.db, "anna", ["tasks:write"]);
  const { body } = await refused(() => upload(bare, theirs, [sourceType, pdf, end]), 422, "unknown_service");
  expect(body.detail).toContain("PUT /api/v1/services/ingest");
  await bare.db.terminate();
  const badHook = part("webhook_url", "http://169.254.169.254/");
  await refused(() => upload(deps, key, [sourceType, pdf, badHook, end]), 422, "url_not_allowed");
});

test("who may not submit is turned away before anything of the body is read", async () => {
  const reader = await newKey(deps.db, "anna", ["tasks:read"]);
  for (const [wrong, status] of [
    ["no-such-key", 401],
    [reader, 403],
  ] as const) {
    let asked = false;
    async function* watched() {
      asked = true;
      yield pdf;
    }
    const request = { method: "POST", headers: { "content-type": formType, "x-api-key": wrong } };
    const body = ReadableStream.from(watched());
    const sent = new Request("http://127.0.0.1/api/v1/ingest/file", { ...request, body, duplex: "half" });
    const { createApp } = await import("../../src/http/app.ts");
    expect((await createApp(deps).fetch(sent)).status).toBe(status);
    expect([wrong, asked]).toEqual([wrong, false]);
  }
});

test("the task shows its file, but not where it lies", async () => {
  const { task_id } = (await upload(deps, key, [sourceType, pdf, end])).body;
  const { body, text } = await api("GET", `/tasks/${task_id}`, { key });
  expect(body.file).toEqual({
    name: "report.pdf",
    content_type: "application/pdf",
    size: 16,
    sha256: createHash("sha256").update("%PDF-1.7 content").digest("hex"),
  });
  expect(text).not.toContain("uploads/");
});
