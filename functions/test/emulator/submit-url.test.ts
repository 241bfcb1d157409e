import { submitTask } from "../../src/tasks/submit.ts";
import { taskRequest } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

// As deployed: FUNCTIONS_EMULATOR is not "true", so that the policy is the strict one.
const production = { FUNCTIONS_EMULATOR: "" };
const db = newTestFirestore();
const deps = createTestDeps(db, {}, production);
afterAll(() => db.terminate());

const refused = [
  "http://worker.example.com/",
  "ftp://worker.example.com/",
  "file:///etc/passwd",
  "//worker.example.com/",
  "worker.example.com",
  "",
  "https://",
  "https://user:password@worker.example.com/",
  "https://token@worker.example.com/",
  "https://localhost/",
  "https://LOCALHOST./",
  "https://a.localhost/",
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0177.0.0.1/",
  "https://0.0.0.0/",
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://192.168.1.1/",
  "https://100.64.0.1/",
  "https://169.254.169.254/computeMetadata/v1/",
  "https://metadata.google.internal/computeMetadata/v1/",
  "https://metadata/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  "https://198.18.0.1/",
  "https://[::1]/",
  "https://[::]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:a00:1]/",
  "https://[fe80::1]/",
  "https://[fd00::1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[2002:7f00:1::]/",
  "https://[ff02::1]/",
  "https://printer.local/",
  "https://intranet/",
  "https://１２７.0.0.1/",
  "https://worker.example.com/\r\nX-Evil: 1",
  `https://worker.example.com/${"a".repeat(2_048)}`,
];

test.each(refused)("in production no task is stored whose service is at %j", async (url) => {
  const submission = submitTask(deps, taskRequest({ worker: { url, auth: null } }));
  await expect(submission).rejects.toMatchObject({ code: "url_not_allowed", status: 422 });
});

test.each(refused)("in production no task is stored whose callback_url is %j", async (callbackUrl) => {
  const worker = { url: "https://worker.example.com/", auth: null };
  const submission = submitTask(deps, taskRequest({ worker, callbackUrl }));
  await expect(submission).rejects.toMatchObject({ code: "url_not_allowed", status: 422 });
});

test("in production a registered service is checked as well", async () => {
  await db.doc("services/inside").set({ url: "https://169.254.169.254/" });
  await expect(submitTask(deps, taskRequest({ worker: { service: "inside" } }))).rejects.toMatchObject({
    code: "url_not_allowed",
  });
});

test("of all that was refused nothing is stored", async () => {
  expect((await db.collection("pendingWebhooks").get()).size).toBe(0);
});

test("in production public https URLs are taken", async () => {
  const worker = { url: "https://worker.example.com:8443/jobs?x=1", auth: null };
  const { task } = await submitTask(deps, taskRequest({ worker, callbackUrl: "https://app.example.com/hook" }));
  expect(task).toMatchObject({ webhookUrl: worker.url, callbackUrl: "https://app.example.com/hook" });
});

test("where hosts are named, only they are called", async () => {
  const limited = createTestDeps(db, {}, { ...production, ALLOWED_WEBHOOK_HOSTS: "worker.example.com, *.example.org" });
  const take = (url: string) => submitTask(limited, taskRequest({ worker: { url, auth: null } }));
  await expect(take("https://worker.example.com/")).resolves.toMatchObject({ created: true });
  await expect(take("https://a.example.org/")).resolves.toMatchObject({ created: true });
  for (const url of ["https://example.com/", "https://worker.example.com.evil.net/", "https://example.org/"]) {
    await expect(take(url)).rejects.toMatchObject({ code: "url_not_allowed" });
  }
});

test("a refusal does not repeat path or query, which may hold a credential", async () => {
  const worker = { url: "http://worker.example.com/hook/s3cret?key=s3cret", auth: null };
  await expect(submitTask(deps, taskRequest({ worker }))).rejects.toMatchObject({
    message: expect.not.stringContaining("s3cret"),
  });
});
