import { createApiClient, newKey } from "../support/api-client.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { fieldsOf, leastWebhook } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
const secret = `whsec_${Buffer.from("s".repeat(32)).toString("base64")}`;
const receiver = receiverOfFile({ secret });
let key: string;
let id: unknown;

beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["webhooks"]);
  const { body } = await api("POST", "/webhooks", { key, body: { ...leastWebhook, secret_token: secret } });
  id = body.id;
});
afterAll(() => deps.db.terminate());

/** Points the webhook somewhere, past the bounds of the API, and tests it. */
async function testAt(parts: object, body: object = { event_type: "order.paid", sample_data: { order: 7 } }) {
  await deps.db
    .collection("webhooks")
    .doc(String(id))
    .update({ timeoutSeconds: 5, format: "standard", isActive: true, ...parts });
  return await api("POST", `/webhooks/${id}/test`, { key, body });
}

test("a test delivery is one signed request, with its outcome in the answer", async () => {
  const { status, body } = await testAt({ url: `${receiver.url}/webhook` });
  const response_body = expect.stringContaining('"verified": true');
  const outcome = { delivered: true, status_code: 200, duration_ms: expect.any(Number), error: null, response_body };
  expect([status, body]).toEqual([200, outcome]);
  expect(receiver.received()).toMatchObject([
    { method: "POST", path: "/webhook", verified: true, body: { type: "order.paid", data: { order: 7 } } },
  ]);
});

test("two tests are two events", async () => {
  await testAt({ url: `${receiver.url}/webhook` });
  await testAt({ url: `${receiver.url}/webhook` });
  const ids = receiver.receivedIds();
  expect(new Set(ids).size).toBe(2);
});

const failures: [what: string, path: string, status: number | null, error: RegExp, answer: unknown][] = [
  ["fails", "/status/500", 500, /^It answered 500\.$/, expect.stringContaining("500")],
  ["redirects", "/redirect", 307, /redirects \(307\), which is not followed/, expect.any(String)],
  ["is gone", "/gone", 410, /^It answered 410\.$/, expect.any(String)],
  ["asks for time", "/retry-after/60", 503, /^It answered 503\.$/, expect.any(String)],
  ["closes the connection", "/close", null, /closed the connection/, null],
];

test.each(failures)(
  "a subscriber that %s is told of in the answer, and not asked again",
  async (_what, path, status_code, error, response_body) => {
    const { status, body } = await testAt({ url: `${receiver.url}${path}` });
    expect(status).toBe(200);
    expect(body).toEqual({
      delivered: false,
      status_code,
      duration_ms: expect.any(Number),
      error: expect.stringMatching(error),
      response_body,
    });
    // A connection that is closed before an answer may have been a reused one: only that is asked a second time.
    expect(receiver.received().length).toBeLessThanOrEqual(status_code === null ? 2 : 1);
  },
);

test("a subscriber that hangs is given up after the webhook's time-out", async () => {
  const { body } = await testAt({ url: `${receiver.url}/hang`, timeoutSeconds: 0.3 });
  expect(body).toMatchObject({ delivered: false, status_code: null, response_body: null });
  expect(body.error).toMatch(/did not answer completely within 300 ms/);
  expect(Number(body.duration_ms)).toBeGreaterThanOrEqual(290);
});

test("a test waits 50 s at most, since its own answer must leave within 60 s", async () => {
  const waits: number[] = [];
  const send: typeof deps.send = async (request) => {
    waits.push(request.timeoutMs);
    return await deps.send(request);
  };
  await testAt({ url: `${receiver.url}/webhook`, timeoutSeconds: 300 });
  const call = createApiClient({ ...deps, send });
  for (const timeoutSeconds of [300, 7]) {
    await deps.db.collection("webhooks").doc(String(id)).update({ timeoutSeconds });
    await call("POST", `/webhooks/${id}/test`, { key, body: { event_type: "order.paid" } });
  }
  expect(waits).toEqual([50_000, 7_000]);
});

test.each([
  ["is not public", "http://10.0.0.1/hook", /not a public address/],
  ["nobody listens at", "http://127.0.0.1:9/hook", /refused the connection/],
])("an address that %s is told of in the answer", async (_what, url, error) => {
  const { status, body } = await testAt({ url });
  expect([status, body.delivered, body.status_code, body.response_body]).toEqual([200, false, null, null]);
  expect(body.error).toMatch(error);
});

test("a test stores, queues and disables nothing, and works for a disabled webhook", async () => {
  const ref = deps.db.collection("webhooks").doc(String(id));
  for (const path of ["/gone", "/status/500", "/webhook"]) {
    await testAt({ url: `${receiver.url}${path}`, isActive: false });
    const { isActive, failingSince, disabledReason } = (await ref.get()).data() ?? {};
    expect({ isActive, failingSince, disabledReason }).toEqual({
      isActive: false,
      failingSince: null,
      disabledReason: null,
    });
  }
  const before = await ref.get();
  await api("POST", `/webhooks/${id}/test`, { key, body: { event_type: "order.paid" } });
  expect((await ref.get()).updateTime).toEqual(before.updateTime);
  expect((await deps.db.collection("deliveries").count().get()).data().count).toBe(0);
  expect((await deps.db.collection("events").count().get()).data().count).toBe(0);
  expect(deps.queued).toEqual([]);
});

test.each([
  ["job.started", { status: "initiated" }],
  ["job.progress", { status: "initiated", progress: 0.5 }],
  ["job.completed", { status: "completed", result: { frames: 3 } }],
  ["job.failed", { status: "failed", error: expect.any(String), metadata: { frames: 3 } }],
  ["job.cancelled", { status: "cancelled" }],
])("a test of %s has that event's shape, with the sample in it", async (event_type, data) => {
  const sample_data = { frames: 3 };
  const { body } = await testAt({ url: `${receiver.url}/webhook` }, { event_type, sample_data });
  expect(body.delivered).toBe(true);
  expect(receiver.received()).toMatchObject([{ body: { type: event_type, data } }]);
});

test("an event that the webhook's format has no shape for is a 422 that says so", async () => {
  const { status, body } = await testAt({ format: "predict" }, { event_type: "job.started" });
  expect([status, body.code]).toEqual([422, "no_such_shape"]);
  expect(body.detail).toContain("predict has no shape for job.started");
});

test.each<[string, object, string[]]>([
  ["no type", {}, ["event_type"]],
  ["a type without a dot", { event_type: "paid" }, ["event_type"]],
  ["a pattern", { event_type: "order.*" }, ["event_type"]],
  ["a long type", { event_type: `order.${"x".repeat(95)}` }, ["event_type"]],
  ["a list as sample", { event_type: "order.paid", sample_data: [] }, ["sample_data"]],
  ["an unknown field", { event_type: "order.paid", payload: {} }, ["payload"]],
])("a test with %s is refused, naming the field", async (_what, body, fields) => {
  const answer = await api("POST", `/webhooks/${id}/test`, { key, body });
  expect([answer.status, answer.body.code, fieldsOf(answer)]).toEqual([400, "validation_failed", fields]);
});
