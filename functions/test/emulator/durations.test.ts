import { receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatched, dispatchNext, queuedTask } from "../support/dispatching.ts";
import { type Answer, startService } from "../support/recording-service.ts";
import { readTask, submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

const db = newTestFirestore();
afterAll(() => db.terminate());

let deps: TestDeps;
let answer: Answer;
let admin: string;
beforeEach(async () => {
  deps = createTestDeps(db);
  answer = {};
  admin = await newKey(db, "operator", ["admin"]);
});

const act = async (id: string, action: string, body?: object) =>
  (await createApiClient(deps)("POST", `/tasks/${id}/${action}`, { key: admin, body })).body;
const durationOf = async (id: string) => (await readTask(deps, id)).durationMs;

/** A task that its service took, and the callback URL that it got. */
async function taken(): Promise<{ id: string; callbackUrl: URL }> {
  const service = await startService(() => answer);
  const { correlationId } = await dispatched(deps, service.url);
  return { id: correlationId, callbackUrl: new URL(String(service.calls[0]?.body.callbackUrl)) };
}

test.each([
  ["completed", { status: "success" }],
  ["failed", { status: "error", error: "no" }],
])(
  "of a %s task it is the time from submission to the callback, which reads nothing to know it",
  async (status, report) => {
    const { id, callbackUrl } = await taken();
    deps.advance(5_432);
    await receiveCallback(deps, {
      method: "POST",
      path: `/${id}`,
      token: callbackUrl.searchParams.get("token") ?? undefined,
      contentType: "application/json",
      body: Buffer.from(JSON.stringify({ correlationId: id, ...report })),
    });
    const { createdAt, completedAt, durationMs } = await readTask(deps, id);
    expect((await readTask(deps, id)).status).toBe(status);
    expect(durationMs).toBe((completedAt?.toMillis() ?? 0) - createdAt.toMillis());
    expect(durationMs).toBe(5_432);
    const { body } = await createApiClient(deps)("GET", `/tasks/${id}`, { key: admin });
    expect(body).toMatchObject({ status, duration_ms: 5_432 });
  },
);

test("it is known however else a task ends", async () => {
  const cancelled = await submitted(deps);
  deps.advance(1_000);
  expect(await act(cancelled, "cancel")).toMatchObject({ status: "cancelled", duration_ms: 1_000 });

  const resolved = await submitted(deps);
  deps.advance(2_000);
  expect(await act(resolved, "resolve", { status: "completed" })).toMatchObject({ duration_ms: 2_000 });

  answer = { status: 400 };
  const service = await startService(() => answer);
  const refused = await queuedTask(deps, service.url);
  deps.advance(3_000);
  expect(await dispatchNext(deps, refused)).toMatchObject({ status: "failed", durationMs: 3_000 });

  answer = { status: 200, body: { status: "success", result: 1 } };
  await db.doc("services/instant").set({ url: service.url, mode: "sync" });
  const answered = await queuedTask(deps, "", { worker: { service: "instant" } });
  deps.advance(4_000);
  expect(await dispatchNext(deps, answered)).toMatchObject({ status: "completed", durationMs: 4_000 });

  const expired = await submitted(deps, { timeoutSeconds: 10 });
  const tooLate = await queuedTask(deps, service.url, { timeoutSeconds: 10 });
  deps.advance(10_500);
  expect(await dispatchNext(deps, tooLate)).toMatchObject({ status: "expired", durationMs: 10_500 });
  await expirePendingWebhooks(deps, Number.POSITIVE_INFINITY);
  expect([(await readTask(deps, expired)).status, await durationOf(expired)]).toEqual(["expired", 10_500]);
});

test("an operator's resolution changes the outcome, but not how long it took", async () => {
  const id = await submitted(deps, { timeoutSeconds: 10 });
  deps.advance(10_000);
  await expirePendingWebhooks(deps, Number.POSITIVE_INFINITY);
  deps.advance(3_600_000);
  await callBack(deps, id, { status: "success" });
  expect(await act(id, "resolve", { from: "late_callback" })).toMatchObject({
    status: "completed",
    duration_ms: 10_000,
  });
  expect(await act(id, "resolve", { status: "failed" })).toMatchObject({ status: "failed", duration_ms: 10_000 });
});

test("a task that ended without one, as imported ones did, gets it with the resolution", async () => {
  const id = await submitted(deps);
  await db.collection("pendingWebhooks").doc(id).update({ status: "failed" });
  deps.advance(7_000);
  expect(await act(id, "resolve", { status: "completed" })).toMatchObject({ duration_ms: 7_000 });
});

test("while a task is open there is none, and a clock that was behind makes none below zero", async () => {
  const { id } = await taken();
  await callBack(deps, id, { status: "progress", progress: 0.5 });
  expect(await durationOf(id)).toBeUndefined();
  const ahead = await submitted(deps);
  await db
    .collection("pendingWebhooks")
    .doc(ahead)
    .update({ createdAt: new Date(deps.now() + 5_000) });
  expect(await act(ahead, "cancel")).toMatchObject({ status: "cancelled", duration_ms: 0 });
});
