import { createApiClient, newKey } from "../support/api-client.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { fieldsOf, leastWebhook } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let owners = 0;
let key: string;
beforeEach(async () => {
  owners += 1;
  key = await newKey(deps.db, `owner-${owners}`, ["webhooks"]);
});

const create = (parts: object = {}, as = key) =>
  api("POST", "/webhooks", { key: as, body: { ...leastWebhook, ...parts } });
const names = (from: string, count: number) => Array.from({ length: count }, (_, index) => `${from}${index}`);

test("a webhook with the least gets the defaults, an address of its own, and a generated secret", async () => {
  const { status, headers, body } = await create();
  expect(status).toBe(201);
  expect(headers.get("location")).toBe(`/api/v1/webhooks/${body.id}`);
  const { secret_token, ...shown } = body;
  expect(secret_token).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(shown).toEqual({
    ...leastWebhook,
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    description: null,
    headers: {},
    retry_count: 3,
    timeout_seconds: 30,
    is_active: true,
    format: "standard",
    disabled_reason: null,
    disabled_at: null,
    failing_since: null,
    created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    updated_at: body.created_at,
  });
  expect((await api("GET", `/webhooks/${body.id}`, { key })).body).toEqual(shown);
});

const every = {
  name: "Everything",
  url: "https://example.com/hook?a=1",
  events: ["job.completed", "order.*", "*", "request.status.changed"],
  description: "All of it",
  headers: { "X-Api-Key": "abc", "x-trace": "" },
  retry_count: 7,
  timeout_seconds: 12,
  is_active: false,
  format: "cloudevents",
};

test("every field is kept as it was given, and can be changed alone", async () => {
  const { body } = await create(every);
  expect(body).toMatchObject(every);
  const changes: Record<string, unknown> = {
    name: "Something else",
    url: "https://example.com/other",
    events: ["order.paid"],
    description: null,
    headers: { "X-Other": "1" },
    retry_count: 0,
    timeout_seconds: 300,
    is_active: true,
    format: "slack",
  };
  let expected: Record<string, unknown> = { ...every };
  for (const [field, value] of Object.entries(changes)) {
    deps.advance(1_000);
    const { status, body: changed } = await api("PATCH", `/webhooks/${body.id}`, { key, body: { [field]: value } });
    expected = { ...expected, [field]: value };
    expect([status, changed]).toMatchObject([200, expected]);
    expect(Date.parse(String(changed.updated_at))).toBeGreaterThan(Date.parse(String(changed.created_at)));
    expect((await api("GET", `/webhooks/${body.id}`, { key })).body).toEqual(changed);
  }
});

test("an empty change changes nothing, and null takes the headers away", async () => {
  const { body } = await create(every);
  const same = await api("PATCH", `/webhooks/${body.id}`, { key, body: {} });
  expect(same.body).toMatchObject(every);
  const without = await api("PATCH", `/webhooks/${body.id}`, { key, body: { headers: null } });
  expect(without.body).toMatchObject({ ...every, headers: {} });
});

test("the list has all of an owner's webhooks, oldest first, and nobody else's", async () => {
  const stranger = await newKey(deps.db, `stranger-${owners}`, ["webhooks"]);
  await create({}, stranger);
  for (const name of ["b", "a", "c"]) {
    await create({ name });
    deps.advance(10);
  }
  const { body } = await api("GET", "/webhooks", { key });
  expect(body).toMatchObject({ data: [{ name: "b" }, { name: "a" }, { name: "c" }], next_cursor: null });
});

test("a name is unique for its owner, also after a change; another owner may have the same", async () => {
  await create({ name: "Orders" });
  const again = await create({ name: " Orders " });
  expect([again.status, again.body.code, fieldsOf(again)]).toEqual([409, "name_taken", ["name"]]);
  const { body } = await create({ name: "Invoices" });
  const renamed = await api("PATCH", `/webhooks/${body.id}`, { key, body: { name: "Orders" } });
  expect([renamed.status, renamed.body.code]).toEqual([409, "name_taken"]);
  const same = await api("PATCH", `/webhooks/${body.id}`, { key, body: { name: "Invoices", retry_count: 1 } });
  expect(same.status).toBe(200);
  const stranger = await newKey(deps.db, `stranger-${owners}`, ["webhooks"]);
  expect((await create({ name: "Orders" }, stranger)).status).toBe(201);
});

test("of 20 webhooks made at once with one name, one is made", async () => {
  const answers = await Promise.all(names("", 20).map(() => create()));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
  expect((await api("GET", "/webhooks", { key })).body.data).toHaveLength(1);
}, 60_000);

test("of 20 webhooks made at once, ten are made; deleting one makes room for another", async () => {
  const answers = await Promise.all(names("hook ", 20).map((name) => create({ name })));
  const made = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status, body }) => status === 409 && body.code === "too_many_webhooks");
  expect([made.length, refused.length]).toEqual([10, 10]);
  expect((await api("GET", "/webhooks", { key })).body.data).toHaveLength(10);

  const gone = made[0]?.body.id;
  const deleted = await api("DELETE", `/webhooks/${gone}`, { key });
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  expect((await api("GET", `/webhooks/${gone}`, { key })).status).toBe(404);
  expect((await api("DELETE", `/webhooks/${gone}`, { key })).status).toBe(404);
  expect((await create({ name: "again" })).status).toBe(201);
  expect((await create({ name: "one more" })).status).toBe(409);
}, 60_000);

test("enabling a webhook that was disabled forgets why", async () => {
  const { body } = await create();
  const ref = deps.db.collection("webhooks").doc(String(body.id));
  const disabledAt = (await ref.get()).get("createdAt");
  await ref.update({ isActive: false, disabledReason: "It answered 410 Gone.", disabledAt, failingSince: 1 });
  const shown = await api("GET", `/webhooks/${body.id}`, { key });
  expect(shown.body).toMatchObject({
    is_active: false,
    disabled_reason: "It answered 410 Gone.",
    disabled_at: body.created_at,
    failing_since: "1970-01-01T00:00:00.001Z",
  });
  const enabled = await api("PATCH", `/webhooks/${body.id}`, { key, body: { is_active: true } });
  expect(enabled.body).toMatchObject({
    is_active: true,
    disabled_reason: null,
    disabled_at: null,
    failing_since: null,
  });
});
