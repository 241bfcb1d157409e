import { createApiClient, newKey } from "../support/api-client.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { fieldsOf } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
let other: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["webhooks"]);
  other = await newKey(deps.db, "bob", ["webhooks"]);
});

const publish = (body: unknown, idempotencyKey?: string, as = key) =>
  api("POST", "/events", {
    key: as,
    body,
    headers: idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey },
  });
const count = async () => (await deps.db.collection("events").count().get()).data().count;

test("an event is stored as it was published, and answered with its id", async () => {
  const payload = { order: 7, lines: [[1, 2], [3]], nested: { "": "empty", __proto: null } };
  const { status, body } = await publish({ type: "order.paid", payload });
  expect([status, body]).toEqual([
    202,
    {
      id: expect.stringMatching(/^evt_[0-9a-f-]{36}$/),
      type: "order.paid",
      payload,
      created_at: expect.stringMatching(/Z$/),
    },
  ]);
  const stored = (await deps.db.collection("events").doc(String(body.id)).get()).data();
  expect(stored).toMatchObject({ ownerId: "anna", type: "order.paid" });
  const days = (stored?.purgeAt.toMillis() - stored?.createdAt.toMillis()) / 86_400_000;
  expect(days).toBe(7);
});

test("the payload may be left out", async () => {
  expect((await publish({ type: "request.status.changed" })).body).toMatchObject({ payload: {} });
});

test("without a key the same event twice is two events", async () => {
  const [first, second] = [await publish({ type: "order.paid" }), await publish({ type: "order.paid" })];
  expect(first.body.id).not.toBe(second.body.id);
});

test("the same key is the same event, however often and at once; another owner's key is another", async () => {
  const before = await count();
  const event = { type: "order.paid", payload: { a: 1, b: { c: 2, d: 3 } } };
  const answers = await Promise.all(Array.from({ length: 10 }, () => publish(event, "order-7")));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  const reordered = { payload: { b: { d: 3, c: 2 }, a: 1 }, type: "order.paid" };
  expect((await publish(reordered, "order-7")).text).toBe(answers[0]?.text);
  expect(await count()).toBe(before + 1);
  const theirs = await publish(event, "order-7", other);
  expect(theirs.status).toBe(202);
  expect(theirs.body.id).not.toBe(answers[0]?.body.id);
});

test.each([
  ["payload", { type: "order.paid", payload: { a: 2 } }],
  ["type", { type: "order.shipped", payload: { a: 1 } }],
])("another %s under a used key is a 409, and changes nothing", async (what, event) => {
  const first = await publish({ type: "order.paid", payload: { a: 1 } }, `reused-${what}`);
  const { status, body } = await publish(event, `reused-${what}`);
  expect([status, body.code]).toEqual([409, "idempotency_key_reused"]);
  const stored = await deps.db.collection("events").doc(String(first.body.id)).get();
  expect(stored.data()).toMatchObject({ type: "order.paid", payload: { a: 1 } });
});

test.each([
  ["empty", ""],
  ["too long", "k".repeat(256)],
  ["beyond ASCII", "schlüssel"],
])("a key that is %s is a 400", async (_what, idempotencyKey) => {
  const answer = await publish({ type: "order.paid" }, idempotencyKey);
  expect([answer.status, fieldsOf(answer)]).toEqual([400, ["Idempotency-Key"]]);
});

test("a key of 255 characters and every printable ASCII character is taken", async () => {
  const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join("");
  expect((await publish({ type: "order.paid" }, `${printable} ${"k".repeat(160)}`)).status).toBe(202);
});

const nested = (depth: number) => `{"type":"order.paid","payload":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;

test.each<[string, unknown, string[]]>([
  ["no type", { payload: {} }, ["type"]],
  ["a type without a dot", { type: "paid" }, ["type"]],
  ["an empty part", { type: "order..paid" }, ["type"]],
  ["a pattern as type", { type: "order.*" }, ["type"]],
  ["a type with a line end", { type: "order.paid\n" }, ["type"]],
  ["a type that is too long", { type: `order.${"x".repeat(95)}` }, ["type"]],
  ["a list as payload", { type: "order.paid", payload: [] }, ["payload"]],
  ["text as payload", { type: "order.paid", payload: "x" }, ["payload"]],
  ["a payload of more than 256 KiB", { type: "order.paid", payload: { a: "x".repeat(262_144) } }, ["payload"]],
  ["an unknown field", { type: "order.paid", id: "evt_mine" }, ["id"]],
  ["a list as body", [], ["body"]],
  ["a payload nested 101 deep", nested(101), ["body"]],
  ["a payload nested 100,000 deep", nested(100_000), ["body"]],
])("an event with %s is a 400 that names the field, and is not stored", async (_what, body, fields) => {
  const before = await count();
  const answer = await publish(body);
  expect([answer.status, answer.body.code, fieldsOf(answer)]).toEqual([400, "validation_failed", fields]);
  expect(await count()).toBe(before);
});

test("a type of 100 characters, and a payload of 256 KiB or 90 levels, are taken", async () => {
  expect((await publish({ type: `order.${"x".repeat(94)}` })).status).toBe(202);
  expect((await publish({ type: "order.paid", payload: { a: "x".repeat(262_135) } })).status).toBe(202);
  expect((await publish(nested(90))).status).toBe(202);
});
