import { newKey } from "../support/api-client.ts";
import { crashingDeps } from "../support/crashing-deps.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { readTask } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { end, newBucket, part, pdf, sourceType, upload, uploadersKey } from "../support/uploads.ts";

/** Uploads that come twice, at once, or to a process that crashes: one task, which has its file. */

const bucket = newBucket();
const deps = createTestDeps(newTestFirestore(), { files: bucket.files });
let key: string;
beforeAll(async () => {
  key = await uploadersKey(deps.db);
});
afterAll(() => deps.db.terminate());

const file = (content: string, name = "report.pdf") => part("file", content, { name });

test("the same file under one Idempotency-Key is one task and one file; another is a 409 that harms neither", async () => {
  const headers = { "idempotency-key": "upload-1" };
  const send = (body = pdf) => upload(deps, key, [sourceType, body, end], headers);
  const first = await send();
  const id = first.body.task_id;
  const files = await bucket.filesOf(id);
  expect(files).toHaveLength(1);
  expect((await send()).body).toEqual(first.body);
  for (const other of [file("other content"), file("%PDF-1.7 content", "other.pdf")]) {
    const answer = await send(other);
    expect([answer.status, answer.body.code]).toEqual([409, "idempotency_key_reused"]);
  }
  expect(await bucket.filesOf(id)).toEqual(files);
  expect((await readTask(deps, String(id))).file?.path).toBe(files[0]);
  const ben = await newKey(deps.db, "ben", ["tasks:write"]);
  expect((await upload(deps, ben, [sourceType, pdf, end], headers)).body.task_id).not.toBe(id);
});

test("many at once under one Idempotency-Key leave one task with its one file", async () => {
  const headers = { "idempotency-key": "upload-race" };
  const all = Array.from({ length: 6 }, () => upload(deps, key, [sourceType, pdf, end], headers));
  const answers = await Promise.all(all);
  const [id, ...others] = new Set(answers.map(({ body }) => body.task_id));
  expect([answers.map(({ status }) => status), others]).toEqual([Array(6).fill(202), []]);
  expect(await bucket.filesOf(id)).toEqual([(await readTask(deps, String(id))).file?.path]);
});

test.each(["crash before", "crash after", "failure at"] as const)(
  "after a %s each step, the same request again is one task that has its file",
  async (how) => {
    for (let at = 1, struck = true; struck; at += 1) {
      const { start } = crashingDeps(deps, { at, how });
      const headers = { "idempotency-key": `${how} ${at}` };
      const first = start();
      // What the process had begun goes on to nothing; a crashed one answers nobody.
      await upload({ ...first.deps, services: deps.services }, key, [sourceType, pdf, end], headers);
      struck = first.struck;
      const { status, body } = await upload(deps, key, [sourceType, pdf, end], headers);
      expect([at, status]).toEqual([at, 202]);
      const stored = await readTask(deps, String(body.task_id));
      expect(await bucket.filesOf(body.task_id)).toContain(stored.file?.path);
      expect((await (await bucket.files.read(stored.file?.path ?? ""))?.toArray())?.join("")).toBe("%PDF-1.7 content");
      if (!struck) expect(await bucket.filesOf(body.task_id)).toHaveLength(1);
    }
  },
);

test("a task whose storing was answered with a fault keeps its file, as it may be stored", async () => {
  const headers = { "idempotency-key": "lost-answer" };
  const db = interceptFirestore(deps.db, async ({ method }, proceed) => {
    const answer = await proceed();
    // PERMISSION_DENIED, which the client does not try again.
    if (method === "commit") throw Object.assign(new Error("the answer got lost"), { code: 7 });
    return answer;
  });
  expect((await upload({ ...deps, db }, key, [sourceType, pdf, end], headers)).status).toBe(500);
  const { status, body } = await upload(deps, key, [sourceType, pdf, end], headers);
  expect(status).toBe(202);
  expect(await bucket.filesOf(body.task_id)).toEqual([(await readTask(deps, String(body.task_id))).file?.path]);
});

test("a task whose storing was sent twice by the client of the database keeps its file", async () => {
  const db = interceptFirestore(deps.db, async ({ method }, proceed) => {
    if (method === "commit") await proceed();
    return await proceed();
  });
  const { status, body } = await upload({ ...deps, db }, key, [sourceType, pdf, end]);
  expect(status).toBe(202);
  expect(await bucket.filesOf(body.task_id)).toEqual([(await readTask(deps, String(body.task_id))).file?.path]);
});
