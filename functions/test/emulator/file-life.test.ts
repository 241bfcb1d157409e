import { createHash } from "node:crypto";
import { createApp } from "../../src/http/app.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { createApiClient, newKey, registerService } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatchNext } from "../support/dispatching.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { startService } from "../support/recording-service.ts";
import { readTask, snapshotOf, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { end, newBucket, part, sourceType, upload } from "../support/uploads.ts";

const bucket = newBucket();
const deps = createTestDeps(newTestFirestore(), { files: bucket.files });
const api = createApiClient(deps);
const content = Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 7) % 256));
let key: string;
let service: Awaited<ReturnType<typeof startService>>;

beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["tasks:read", "tasks:write"]);
});
beforeEach(async () => {
  service = await startService(() => ({ status: 202 }));
  await registerService(deps.db, "ingest", { url: service.url, params: { file_url: "not this one", depth: 2 } });
  deps.services.forget("ingest");
});
afterAll(() => deps.db.terminate());

/** Uploads a file and makes the outbound call; gives the task's id and what the service was told. */
async function ingested(name = "Bericht „Ärger“ 1.pdf") {
  const file = part("file", content, { name, type: "application/pdf" });
  const id = String((await upload(deps, key, [sourceType, file, end])).body.task_id);
  await trigger(deps, id);
  await dispatchNext(deps, id);
  const told = service.calls.at(-1)?.body ?? {};
  return { id, told };
}

async function fetched(url: unknown, method = "GET") {
  const { pathname, search } = new URL(String(url));
  const path = pathname.slice(pathname.indexOf("/api/v1/"));
  const response = await createApp(deps).request(path + search, { method });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

const codeOf = (body: Buffer) => JSON.parse(body.toString()).code;

test("the service is told where the file is, which no parameter replaces, and fetches it whole", async () => {
  const { id, told } = await ingested();
  expect(told).toMatchObject({
    source_type: "document",
    depth: 2,
    file_url: expect.stringMatching(
      new RegExp(`^http://127\\.0\\.0\\.1:5001/demo-test/europe-west1/api/v1/files/${id}\\?token=[\\w-]{43}$`),
    ),
    file_name: "Bericht „Ärger“ 1.pdf",
    content_type: "application/pdf",
    file_size: 3_000,
    file_sha256: createHash("sha256").update(content).digest("hex"),
  });
  const { status, headers, body } = await fetched(told.file_url);
  expect([status, body.equals(content)]).toEqual([200, true]);
  expect(Object.fromEntries(headers)).toMatchObject({
    "content-type": "application/pdf",
    "content-length": "3000",
    "content-disposition": `attachment; filename="Bericht __rger_ 1.pdf"; filename*=UTF-8''Bericht%20%E2%80%9E%C3%84rger%E2%80%9C%201.pdf`,
    "x-content-type-options": "nosniff",
  });
  const head = await fetched(told.file_url, "HEAD");
  expect([head.status, head.headers.get("content-length"), head.body.length]).toEqual([200, "3000", 0]);
});

test("the URL is stored nowhere, and logged nowhere", async () => {
  const { id, told } = await ingested();
  await fetched(told.file_url);
  const token = String(new URL(String(told.file_url)).searchParams.get("token"));
  const stored = JSON.stringify((await pendingWebhookRef(deps.db, id).get()).data());
  expect(stored + JSON.stringify([deps.logged, deps.queued])).not.toContain(token);
});

test("a service that quotes the URL in its refusal does not give it away", async () => {
  service = await startService(({ body }) => ({ status: 400, body: `cannot fetch ${body.file_url}` }));
  await registerService(deps.db, "ingest", { url: service.url });
  deps.services.forget("ingest");
  const { id, told } = await ingested();
  const { error } = await readTask(deps, id);
  expect(error).toContain("cannot fetch http://127.0.0.1:5001/");
  expect(error).not.toContain(new URL(String(told.file_url)).searchParams.get("token"));
});

test("a wrong token is turned away before anything is read", async () => {
  const [{ told }, other] = [await ingested(), await ingested()];
  const url = new URL(String(told.file_url));
  const token = String(url.searchParams.get("token"));
  const callbackToken =
    String(new URL(String(told.callbackUrl)).searchParams.get("token"))
      .split("~")
      .at(-1) ?? "";
  const theirs = String(new URL(String(other.told.file_url)).searchParams.get("token"));
  for (const wrong of ["", token.slice(1), `${token}x`, token.toUpperCase(), theirs, callbackToken]) {
    url.searchParams.set("token", wrong);
    const { status, body } = await fetched(url);
    expect([wrong, status, codeOf(body)]).toEqual([wrong, 401, "unauthenticated"]);
  }
  url.pathname = "/api/v1/files/no-such-task";
  url.searchParams.set("token", token);
  expect((await fetched(url)).status).toBe(401);
  const requests: string[] = [];
  const db = interceptFirestore(deps.db, async ({ method }, proceed) => {
    requests.push(method);
    return await proceed();
  });
  expect((await createApp({ ...deps, db }).request(url.pathname + url.search)).status).toBe(401);
  expect(requests).toEqual([]);
});

test("when the task completes, its file goes, and twice is once", async () => {
  const { id, told } = await ingested();
  await callBack(deps, id, { status: "success", result: { chunks: 3 } });
  const late = await fetched(told.file_url);
  expect([late.status, codeOf(late.body)]).toEqual([410, "file_gone"]);
  expect(await bucket.filesOf(id)).toHaveLength(1);
  await trigger(deps, id);
  expect(await bucket.filesOf(id)).toEqual([]);
  await trigger(deps, id);
  const again = await api("POST", `/tasks/${id}/retry`, { key });
  expect([again.status, again.body.code]).toEqual([409, "task_not_retryable"]);
});

test("after its deadline the file cannot be fetched, though nobody has expired the task yet", async () => {
  const { id, told } = await ingested();
  const { expiresAt } = await readTask(deps, id);
  deps.advance(expiresAt - deps.now() - 1);
  expect((await fetched(told.file_url)).status).toBe(200);
  deps.advance(1);
  expect((await fetched(told.file_url)).status).toBe(410);
});

test("a task that failed keeps its file for a retry, which gets a copy of its own", async () => {
  const { id, told } = await ingested();
  await callBack(deps, id, { status: "error", error: "out of memory" });
  await trigger(deps, id);
  expect((await fetched(told.file_url)).status).toBe(410);
  const retried = await api("POST", `/tasks/${id}/retry`, { key });
  expect([retried.status, retried.body.file]).toMatchObject([202, { name: "Bericht „Ärger“ 1.pdf", size: 3_000 }]);
  const newId = String(retried.body.id);
  expect(await bucket.filesOf(newId)).toHaveLength(1);
  expect((await api("POST", `/tasks/${id}/retry`, { key })).body.id).toBe(newId);
  expect(await bucket.filesOf(newId)).toHaveLength(1);

  await trigger(deps, newId);
  await dispatchNext(deps, newId);
  const { file_url, source_type } = service.calls.at(-1)?.body ?? {};
  expect([source_type, (await fetched(file_url)).body.equals(content)]).toEqual(["document", true]);
  await callBack(deps, newId, { status: "success" });
  await trigger(deps, newId);
  expect([await bucket.filesOf(id), await bucket.filesOf(newId)]).toMatchObject([[expect.anything()], []]);
});

test("many retries at once are one task with one file", async () => {
  const { id } = await ingested();
  await callBack(deps, id, { status: "error", error: "out of memory" });
  const all = await Promise.all(Array.from({ length: 5 }, () => api("POST", `/tasks/${id}/retry`, { key })));
  const [newId, ...others] = new Set(all.map(({ body }) => String(body.id)));
  expect([all.map(({ status }) => status), others]).toEqual([Array(5).fill(202), []]);
  expect(await bucket.filesOf(newId ?? "")).toEqual([(await readTask(deps, newId ?? "")).file?.path]);
});

test("where the file is gone, a retry says so, and leaves nothing", async () => {
  const { id } = await ingested();
  await callBack(deps, id, { status: "error", error: "out of memory" });
  const { file } = await readTask(deps, id);
  await bucket.files.delete(file?.path ?? "");
  const before = await bucket.paths();
  const { status, body } = await api("POST", `/tasks/${id}/retry`, { key });
  expect([status, body.code]).toEqual([409, "file_gone"]);
  expect(await bucket.paths()).toEqual(before);
});

test("when the document is deleted, the file goes with it", async () => {
  const { id } = await ingested();
  await callBack(deps, id, { status: "error", error: "out of memory" });
  const before = await snapshotOf(deps, id);
  await before.ref.delete();
  const after = await snapshotOf(deps, id);
  await deriveConsequences(deps, before, after);
  expect(await bucket.filesOf(id)).toEqual([]);
  await deriveConsequences(deps, before, after);
});

test("where the deletion came without the document, all the task's files go, and no other's", async () => {
  const [{ id }, other] = [await ingested(), await ingested()];
  await bucket.files.keepJson(`results/${id}`, "{}");
  const { ref } = await snapshotOf(deps, id);
  await ref.delete();
  await deriveConsequences(deps, undefined, await snapshotOf(deps, id));
  expect((await bucket.paths()).filter((path) => path.includes(id))).toEqual([]);
  expect(await bucket.filesOf(other.id)).toHaveLength(1);
});
