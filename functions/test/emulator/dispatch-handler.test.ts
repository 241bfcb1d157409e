import { getApps } from "firebase-admin/app";
import { parseKeys } from "../../src/domain/keys.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { type ProductionRuntime, startProductionRuntime } from "../support/production-runtime.ts";
import { startService } from "../support/recording-service.ts";
import { readTask, submitted } from "../support/tasks.ts";
import { createTestDeps, newSecret, newTestFirestore } from "../support/test-deps.ts";

// The deployed function itself, as the queue calls it.
const secret = newSecret();
const deps = createTestDeps(newTestFirestore(), { keys: parseKeys(secret) });
let runtime: ProductionRuntime;
beforeAll(async () => {
  runtime = await startProductionRuntime("dispatchTask", {
    FUNCTIONS_EMULATOR: "true",
    GCLOUD_PROJECT: getApps()[0]?.options.projectId ?? "",
    BOOMERANG_SECRET: secret,
  });
}, 30_000);
afterAll(async () => {
  await runtime.stop();
  await deps.db.terminate();
});

async function bring(data: unknown) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(runtime.url, { method: "POST", headers, body: JSON.stringify({ data }) });
  return { status: response.status, text: await response.text() };
}

test("an order that the queue brings is carried out", async () => {
  const service = await startService(() => ({}));
  const id = await submitted(deps, { worker: { url: service.url, auth: "Bearer abcdefgh" } });
  expect(await bring({ correlationId: id, attempt: 1 })).toMatchObject({ status: 204 });
  expect(service.calls.map(({ headers }) => headers["idempotency-key"])).toEqual([id]);
  expect(service.calls[0]?.headers.authorization).toBe("Bearer abcdefgh");
  expect(await readTask(deps, id)).toMatchObject({ status: "initiated" });
  expect(runtime.output()).not.toContain("abcdefgh");
});

test("an order that is too early is answered 503, so that the queue brings it again", async () => {
  const service = await startService(() => ({}));
  const id = await submitted(deps, { worker: { url: service.url, auth: null } });
  await pendingWebhookRef(deps.db, id).update({ nextAttemptAt: Date.now() + 60_000 });
  const { status, text } = await bring({ correlationId: id, attempt: 1 });
  expect(status).toBe(503);
  expect(text).toMatch(/not due for another \d+ s/);
  expect(service.calls).toHaveLength(0);
});

const noOrders = [null, "", 7, {}, { correlationId: "" }, { correlationId: "a" }, { attempt: 1 }];
test.each([...noOrders, { correlationId: "a", attempt: 0 }, { correlationId: "a", attempt: 1.5 }])(
  "what is no order is dropped, instead of coming back for ever: %j",
  async (data) => {
    expect(await bring(data)).toMatchObject({ status: 204 });
  },
);

test("what goes wrong with us is a failure to the queue", async () => {
  // No document's path.
  expect(await bring({ correlationId: "a/b", attempt: 1 })).toMatchObject({ status: 500 });
});
