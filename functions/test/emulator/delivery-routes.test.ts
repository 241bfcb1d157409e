import { timestamp } from "../../src/platform/firestore.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { fieldsOf, leastWebhook, publishAndDeliver, runQueue, storeDelivery } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
const receiver = receiverOfFile();
let key: string;
let owner: string;
let made = 0;
let numbers = 0;

beforeEach(async () => {
  made += 1;
  owner = `owner-${made}`;
  key = await newKey(deps.db, owner, ["webhooks"]);
});
afterAll(() => deps.db.terminate());

const create = async (parts: object) =>
  String((await api("POST", "/webhooks", { key, body: { ...leastWebhook, ...parts } })).body.id);
const store = (webhookId: string, parts: object = {}, at = deps.now()) =>
  storeDelivery(deps, ++numbers, { ownerId: owner, webhookId, ...parts }, at);
const idsOf = (body: Readonly<Record<string, unknown>>) => (body.data as { id: string }[]).map(({ id }) => id);

const publish = (payload?: object) => publishAndDeliver(deps, api, key, payload);

test("the history shows every attempt with its status, duration, error and answer", async () => {
  const url = `${receiver.url}/status/503?times=1`;
  const id = await create({ url, retry_count: 2, format: "taskflow" });
  const eventId = await publish({ order: 7 });
  const { status, body } = await api("GET", `/webhooks/${id}/deliveries`, { key });
  expect(status).toBe(200);
  const attempt = {
    at: expect.stringMatching(/Z$/),
    duration_ms: expect.any(Number),
    response_body: expect.any(String),
  };
  expect(body).toEqual({
    data: [
      {
        id: expect.stringMatching(/^dlv_[0-9a-f]{32}$/),
        owner_id: owner,
        event_id: eventId,
        event_type: "order.paid",
        webhook_id: id,
        task_id: null,
        url,
        format: "taskflow",
        status: "delivered",
        next_attempt_at: null,
        created_at: expect.stringMatching(/Z$/),
        completed_at: expect.stringMatching(/Z$/),
        attempts: [
          { ...attempt, number: 1, status_code: 503, success: false, error: "It answered 503.", fault: "subscriber" },
          { ...attempt, number: 2, status_code: 200, success: true, error: null, fault: null },
        ],
      },
    ],
    page: 1,
    next_page: null,
    next_cursor: null,
  });
});

test("the history is paged, newest first, and filtered by status, whose other name failed is TaskFlow's", async () => {
  const id = await create({});
  const other = await create({ name: "Other" });
  await store(other);
  const now = deps.now();
  const all: string[] = [];
  for (let age = 0; age < 45; age += 1) {
    all.push(await store(id, { status: age % 2 === 0 ? "dead" : "delivered" }, now - age * 1_000));
  }
  const page = async (query: string) => (await api("GET", `/webhooks/${id}/deliveries${query}`, { key })).body;
  const [first, second, third] = [await page(""), await page("?page=2"), await page("?status=&page=3")];
  expect([first, second, third].map(({ page, next_page }) => [page, next_page])).toEqual([
    [1, 2],
    [2, 3],
    [3, null],
  ]);
  expect([first, second, third].flatMap(idsOf)).toEqual(all);
  expect(await page("?page=4")).toMatchObject({ data: [], page: 4, next_page: null });

  const dead = all.filter((_id, age) => age % 2 === 0);
  for (const status of ["dead", "failed"]) {
    const pages = [await page(`?status=${status}&page=1`), await page(`?status=${status}&page=2`)];
    expect(pages.flatMap(idsOf)).toEqual(dead);
  }
  expect(idsOf(await page("?status=delivered&page=2"))).toEqual(all.filter((_id, age) => age % 2 === 1).slice(20));
  expect(idsOf(await page("?status=pending"))).toEqual([]);
});

test.each([
  ["?page=0", ["page"]],
  ["?page=-1", ["page"]],
  ["?page=1.5", ["page"]],
  ["?page=501", ["page"]],
  ["?page=1e2", ["page"]],
  ["?page=x", ["page"]],
  ["?status=lost", ["status"]],
  ["?status=failed&limit=5", ["limit"]],
])("a history asked for with %s is a 400 that names the parameter", async (query, fields) => {
  const answer = await api("GET", `/webhooks/${await create({})}/deliveries${query}`, { key });
  expect([answer.status, fieldsOf(answer)]).toEqual([400, fields]);
});

test("the dead letter queue is read by cursor, and what comes in between shifts nothing", async () => {
  const id = await create({});
  const now = deps.now();
  const dead: string[] = [];
  for (let age = 0; age < 7; age += 1) {
    // Two of one millisecond: the id decides.
    dead.push(await store(id, {}, now - Math.floor(age / 2) * 1_000));
    await store(id, { status: "delivered" }, now - age * 1_000);
  }
  const expected = [dead[1], dead[0], dead[3], dead[2], dead[5], dead[4], dead[6]];
  const list = async (query: string) => (await api("GET", `/deliveries?status=dead&limit=3${query}`, { key })).body;
  const first = await list("");
  await store(id, {}, now + 5_000);
  // The last of the page is not even there any more.
  await deps.db.collection("deliveries").doc(String(dead[3])).delete();
  const second = await list(`&cursor=${first.next_cursor}`);
  const third = await list(`&cursor=${second.next_cursor}`);
  expect([first, second, third].flatMap(idsOf)).toEqual(expected);
  expect(third.next_cursor).toBeNull();
});

test("a list that ends with its page has no next one", async () => {
  const id = await create({});
  await store(id);
  await store(id);
  const { body } = await api("GET", "/deliveries?limit=2", { key });
  expect([idsOf(body).length, body.next_cursor]).toEqual([2, null]);
});

test("a cursor that this list never gave is a 400", async () => {
  const stranger = await storeDelivery(deps, ++numbers, { ownerId: "stranger", webhookId: "x" }, deps.now());
  const cursors = [stranger, `dlv_${"0".repeat(32)}`, "x", "..", "__x__", "a%2Fb", "%00", "dlv_", "x".repeat(65)];
  for (const cursor of cursors) {
    const answer = await api("GET", `/deliveries?cursor=${cursor}`, { key });
    expect([cursor, answer.status, fieldsOf(answer)]).toEqual([cursor, 400, ["cursor"]]);
  }
  for (const [query, field] of [
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["status=all", "status"],
    ["page=1", "page"],
  ]) {
    const answer = await api("GET", `/deliveries?${query}`, { key });
    expect([query, answer.status, fieldsOf(answer)]).toEqual([query, 400, [field]]);
  }
});

test("a dead delivery is sent again on request, once, with the id it had", async () => {
  const id = await create({ url: `${receiver.url}/status/500?times=1`, retry_count: 0 });
  const eventId = await publish();
  const { body } = await api("GET", "/deliveries?status=dead", { key });
  const [delivery] = idsOf(body);
  const path = `/deliveries/${delivery}/retry`;
  const retried = await api("POST", path, { key });
  expect([retried.status, retried.body.id, retried.body.status]).toEqual([202, delivery, "pending"]);
  const again = await api("POST", path, { key });
  expect([again.status, again.body.code]).toEqual([409, "delivery_not_dead"]);
  expect(again.body.detail).toContain("The delivery is pending");

  await runQueue(deps);
  const history = await api("GET", `/webhooks/${id}/deliveries`, { key });
  const attempts = [
    { number: 1, success: false },
    { number: 2, success: true },
  ];
  expect(history.body.data).toMatchObject([{ id: delivery, status: "delivered", attempts }]);
  expect(receiver.receivedIds()).toEqual([eventId, eventId]);
  expect((await api("GET", "/deliveries?status=dead", { key })).body.data).toEqual([]);
  expect((await api("POST", path, { key })).body.code).toBe("delivery_not_dead");
});

test("a page of large deliveries ends early where a cursor goes on, and never where a page number does", async () => {
  const id = await create({});
  for (let n = 0; n < 21; n += 1) await store(id, { body: "x".repeat(500_000) }, deps.now() + n);
  const { body } = await api("GET", "/deliveries?limit=21", { key });
  expect([idsOf(body).length, body.next_cursor]).toEqual([16, expect.any(String)]);
  const rest = await api("GET", `/deliveries?limit=21&cursor=${body.next_cursor}`, { key });
  expect([idsOf(rest.body).length, rest.body.next_cursor]).toEqual([5, null]);
  const numbered = await api("GET", `/webhooks/${id}/deliveries`, { key });
  expect([idsOf(numbered.body).length, numbered.body.next_page]).toEqual([20, 2]);
});

test("one that was attempted 200 times is not sent again, which is told", async () => {
  const at = timestamp(deps.now());
  const attempt = { number: 1, at, durationMs: 5, statusCode: 500, error: "", fault: "subscriber", responseBody: "" };
  const delivery = await store(await create({}), { attempts: Array(200).fill(attempt) });
  const { status, body } = await api("POST", `/deliveries/${delivery}/retry`, { key });
  expect([status, body.code]).toEqual([409, "too_many_attempts"]);
});
