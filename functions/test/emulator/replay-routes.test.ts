import { createApiClient, newKey } from "../support/api-client.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { fieldsOf, leastWebhook, publishAndDeliver, runQueue } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
const receiver = receiverOfFile();
let key: string;
let made = 0;

beforeEach(async () => {
  made += 1;
  key = await newKey(deps.db, `owner-${made}`, ["webhooks"]);
});
afterAll(() => deps.db.terminate());

const create = async (parts: object = {}) =>
  String((await api("POST", "/webhooks", { key, body: { ...leastWebhook, ...parts } })).body.id);

test("a replay is accepted, tells its progress where its Location says, and sends what was asked for", async () => {
  const id = await create({ url: `${receiver.url}/status/500?times=2`, retry_count: 0 });
  const publish = () => publishAndDeliver(deps, api, key);
  const since = new Date(deps.now() - 1_000).toISOString();
  const events = [await publish(), await publish(), await publish()];
  deps.advance(1_000);
  const path = `/webhooks/${id}/replay`;
  const started = await api("POST", path, { key, body: { since, status: "dead" } });
  expect(started.status).toBe(202);
  expect(started.body).toEqual({
    id: expect.any(String),
    webhook_id: id,
    since,
    until: expect.any(String),
    status: "dead",
    state: "running",
    total: 2,
    processed: 0,
    replayed: 0,
    created_at: expect.any(String),
    completed_at: null,
  });
  const location = String(started.headers.get("location"));
  expect(location).toBe(`/api/v1${path}s/${started.body.id}`);
  const progress = () => api("GET", `/${location}`, { key });
  expect((await progress()).body).toEqual(started.body);

  await runQueue(deps);
  expect((await progress()).body).toMatchObject({
    state: "done",
    total: 2,
    processed: 2,
    replayed: 2,
    completed_at: expect.stringMatching(/Z$/),
  });
  const ids = receiver.receivedIds();
  expect(ids.slice(0, 3)).toEqual(events);
  expect(ids.slice(3)).toEqual(events.slice(0, 2));
  const all = await api("POST", path, { key, body: { since, until: new Date(deps.now()).toISOString() } });
  expect(all.body).toMatchObject({ status: "all", total: 3 });
  await runQueue(deps);
  expect(receiver.received()).toHaveLength(8);
});

const past = "2026-01-01T00:00:00Z";
test.each<[string, object, string[]]>([
  ["no beginning", {}, ["since"]],
  ["a beginning that is no time", { since: "yesterday" }, ["since"]],
  ["a time without its zone", { since: "2026-01-01T00:00:00" }, ["since"]],
  ["a day that does not exist", { since: "2026-02-30T00:00:00Z" }, ["since"]],
  ["a beginning before 1970", { since: "0000-01-01T00:00:00Z" }, ["since"]],
  ["a beginning to come", { since: "9999-01-01T00:00:00Z" }, ["since"]],
  ["an end before the beginning", { since: past, until: "2025-12-31T23:59:59Z" }, ["until"]],
  ["an empty range", { since: past, until: past }, ["until"]],
  ["an end that is no time", { since: past, until: 7 }, ["until"]],
  ["a status that is not replayed", { since: past, status: "pending" }, ["status"]],
  ["an unknown field", { since: past, limit: 5 }, ["limit"]],
])("a replay with %s is refused, naming the field, and nothing starts", async (_what, body, fields) => {
  const answer = await api("POST", `/webhooks/${await create()}/replay`, { key, body });
  expect([answer.status, answer.body.code, fieldsOf(answer)]).toEqual([400, "validation_failed", fields]);
  expect(deps.queued).toEqual([]);
});
