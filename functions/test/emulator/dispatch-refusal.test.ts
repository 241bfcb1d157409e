import { parseKeys } from "../../src/domain/keys.ts";
import { tokenFor } from "../support/callbacks.ts";
import { dispatched, dispatchNext, queuedTask } from "../support/dispatching.ts";
import { type Answer, type IncomingCall, startService } from "../support/recording-service.ts";
import { snapshotOf } from "../support/tasks.ts";
import { createTestDeps, newSecret, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const deps = createTestDeps(db);
afterAll(() => db.terminate());

test.each([400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 451])(
  "%i fails the task at once, with what the service says",
  async (status) => {
    const service = await startService(() => ({ status, body: '{"detail": "no such model"}' }));
    const task = await dispatched(deps, service.url);
    const error = `The service answered ${status}: {"detail": "no such model"}`;
    expect(task).toMatchObject({ status: "failed", errorCode: `http_${status}`, error, result: null });
    expect(task.attempts).toMatchObject([{ number: 1, statusCode: status, error }]);
    expect(task.history).toEqual([{ seq: 5, type: "task.failed", at: task.completedAt, status: "failed" }]);
    expect(deps.queued.filter(({ data }) => data.correlationId === task.correlationId)).toHaveLength(1);
  },
);

test.each([301, 302, 303, 307, 308])("a redirect (%i) is a failure and not followed", async (status) => {
  const other = await startService(() => ({}));
  const service = await startService(() => ({ status, headers: { location: other.url } }));
  const task = await dispatched(deps, service.url, { worker: { url: service.url, auth: "Bearer abcdefgh" } });
  expect(task).toMatchObject({
    status: "failed",
    errorCode: `http_${status}`,
    error: `The service answered ${status}`,
  });
  expect(other.calls).toHaveLength(0);
});

test("of a long answer the first kilobyte is kept, and no half character", async () => {
  const service = await startService(() => ({ status: 400, body: `x${"😀".repeat(100_000)}` }));
  const { error } = await dispatched(deps, service.url);
  expect(error).toBe(`The service answered 400: x${"😀".repeat(255)}`);
});

test("an answer that is no text at all can be kept", async () => {
  const bytes = Buffer.from([0, 0xff, 0xfe, 0xed, 0xa0, 0x80, 65]);
  const service = await startService(() => ({ status: 400, body: bytes }));
  const { error, status } = await dispatched(deps, service.url);
  expect(status).toBe("failed");
  expect(error).toMatch(/^The service answered 400: .*A$/s);
});

const auth = 'Basic c2VjcmV0/cGFzc+"w=';
const quoting: [string, (call: IncomingCall) => string][] = [
  ["as it is", ({ headers, text }) => `denied: ${headers.authorization} for ${text}`],
  ["without its scheme", ({ headers }) => `wrong key ${headers.authorization?.slice("Basic ".length)}`],
  ["within JSON", ({ headers, body }) => JSON.stringify({ headers, body })],
  ["within JSON as PHP writes it", ({ headers, body }) => JSON.stringify({ headers, body }).replaceAll("/", "\\/")],
  ["within a URL", ({ headers }) => `see /login?key=${encodeURIComponent(headers.authorization ?? "")}`],
];

test.each(quoting)("a credential or token that the service quotes %s is not kept", async (_how, quote) => {
  const modes = [
    { mode: "callback", status: 400 },
    { mode: "callback", status: 503 },
    { mode: "sync", status: 200 },
    { mode: "sync", status: 200, error: true },
  ];
  for (const { mode, status, error } of modes) {
    const service = await startService((call): Answer => {
      const said = quote(call);
      if (status !== 200) return { status, body: said };
      return { status, body: error ? { status: "error", error: said } : { echo: said } };
    });
    await db.doc("services/echo").set({ url: service.url, mode, sealedAuth: deps.keys.seal(auth) });
    deps.advance(10_001);
    const task = await dispatched(deps, service.url, { worker: { service: "echo" } });
    const { correlationId } = task;
    const token = tokenFor(deps.keys, correlationId, task.createdAt.toMillis());
    const kept = JSON.stringify([(await snapshotOf(deps, correlationId)).data(), deps.logged]);
    expect(kept).toContain("[removed]");
    const secrets = [token, token.split("~")[3] ?? "", "c2VjcmV0"];
    expect(secrets.filter((secret) => kept.includes(secret))).toEqual([]);
  }
});

test("an acknowledgement that quotes the token keeps nothing of it", async () => {
  const service = await startService(({ body }) => ({ body: { id: body.callbackUrl } }));
  const { externalId, status } = await dispatched(deps, service.url);
  expect(status).toBe("initiated");
  expect(externalId).toMatch(/\?token=\[removed\]$/);
});

test.each(["Bearer ", "Bearer x", " "])("a credential too short to be one (%j) spoils no answer", async (short) => {
  const service = await startService(() => ({ status: 400, body: "Extra text. Bearer" }));
  const task = await dispatched(deps, service.url, { worker: { url: service.url, auth: short } });
  if (task.errorCode === "http_400")
    expect(task.error).toMatch(/^The service answered 400: (Extra text\. Bearer|\[removed\])/);
  expect(task.error).toContain("Extra text");
});

test("a credential whose secret is lost fails the task with what to do", async () => {
  const service = await startService(() => ({}));
  const others = parseKeys(newSecret());
  const worker = { url: service.url, auth: others.seal("Bearer abc") };
  const task = await dispatched(deps, service.url, { worker });
  expect(task).toMatchObject({
    status: "failed",
    errorCode: "unsealable",
    attempts: [{ number: 1, statusCode: null }],
  });
  expect(task.error).toMatch(/cannot be decrypted.*BOOMERANG_SECRET.*Add the old secret after the new one/s);
  expect(service.calls).toHaveLength(0);
});

test("a credential sealed with an older secret still works", async () => {
  const [older, newer] = [newSecret(), newSecret()];
  const rotated = createTestDeps(db, { keys: parseKeys(`${newer},${older}`) });
  const service = await startService(() => ({}));
  const worker = { url: service.url, auth: parseKeys(older).seal("Bearer old") };
  expect(await dispatched(rotated, service.url, { worker })).toMatchObject({ status: "initiated" });
  expect(service.calls[0]?.headers.authorization).toBe("Bearer old");
});

test("a credential that no header can carry fails the task, and is not in the message", async () => {
  const service = await startService(() => ({}));
  const worker = { url: service.url, auth: "Bearer a-secret\r\nX-Evil: 1" };
  const task = await dispatched(deps, service.url, { worker });
  expect(task).toMatchObject({ status: "failed", errorCode: "invalid_header" });
  expect(task.error).not.toContain("a-secret");
  expect(service.calls).toHaveLength(0);
});

test("a URL that has become forbidden since it was stored is not called", async () => {
  const service = await startService(() => ({}));
  const id = await queuedTask(deps, service.url);
  const strict = createTestDeps(db, { keys: deps.keys }, { ALLOWED_WEBHOOK_HOSTS: "worker.example.com" });
  strict.queued.push(...deps.queued);
  expect(await dispatchNext(strict, id)).toMatchObject({ status: "failed", errorCode: "url_not_allowed" });
  expect(service.calls).toHaveLength(0);
});
