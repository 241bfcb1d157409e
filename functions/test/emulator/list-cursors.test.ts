import fc from "fast-check";
import { startedEvent } from "../../src/domain/events.ts";
import { writeCursor } from "../../src/domain/list-cursor.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { idsOf } from "../support/list-pages.ts";
import { storeTasks } from "../support/stored-tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { storeDelivery } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let anna: string;
let berta: string;
let admin: string;
beforeAll(async () => {
  anna = await newKey(deps.db, "anna", ["tasks:read", "webhooks"]);
  berta = await newKey(deps.db, "berta", ["tasks:read", "webhooks"]);
  admin = await newKey(deps.db, "operator", ["admin"]);
  const history = [startedEvent("task", timestamp(deps.now()))];
  for (const ownerId of ["anna", "berta"]) {
    const task = { ownerId, history };
    await storeTasks(deps, [task, task, task]);
  }
  for (let n = 1; n <= 6; n += 1) {
    await storeDelivery(deps, n, { ownerId: n % 2 === 0 ? "anna" : "berta", webhookId: "w" }, deps.now() + n);
  }
});

const lists = [
  ["/tasks?limit=1", () => anna],
  ["/tasks?limit=1", () => berta],
  ["/tasks?limit=1&status=pending", () => anna],
  ["/tasks?limit=1&user_id=user-1", () => anna],
  ["/tasks?limit=1&since=2020-01-01T00:00:00Z", () => anna],
  ["/tasks?limit=1&owner_id=*", () => admin],
  ["/deliveries?limit=1", () => anna],
  ["/deliveries?limit=1", () => berta],
  ["/deliveries?limit=1&status=dead", () => anna],
  ["/deliveries?limit=1&owner_id=*", () => admin],
  ["/events?limit=1", () => anna],
  ["/events?limit=1", () => berta],
] as const;

test("a cursor goes on in the very list that gave it, and in no other", async () => {
  const given: string[] = [];
  for (const [path, key] of lists) {
    const { body } = await api("GET", path, { key: key() });
    expect([path, body.next_cursor]).toEqual([path, expect.stringMatching(/^[\w-]+$/)]);
    given.push(String(body.next_cursor));
  }
  for (const [n, [path, key]] of lists.entries()) {
    const answers = await Promise.all(given.map((cursor) => api("GET", `${path}&cursor=${cursor}`, { key: key() })));
    const taken = answers.flatMap(({ status }, from) => (status === 200 ? [from] : []));
    expect([path, taken]).toEqual([path, [n]]);
    for (const { status, body } of answers.filter(({ status }) => status !== 200)) {
      expect([status, body.errors]).toEqual([400, [{ field: "cursor", message: expect.any(String) }]]);
    }
  }
});

test("a cursor holds nothing but the place of what its reader has just seen", async () => {
  const { body } = await api("GET", "/tasks?limit=2", { key: anna });
  const text = Buffer.from(String(body.next_cursor), "base64url").toString();
  expect(text).toMatch(new RegExp(`^[0-9a-f]{16}\\.\\d{10}\\.\\d{1,9}\\.${idsOf(body).at(-1)}$`));
});

const list = ["tasks", { ownerId: "anna" }, ...Array(6).fill(undefined)];
const place = { seconds: 1_768_473_015, nanoseconds: 0, id: "x" };

test("a place that nobody was at is a place all the same, and shows no more than the list does", async () => {
  const path = `/tasks?cursor=${writeCursor(list, { ...place, seconds: 253_402_300_799 })}`;
  const { status, body } = await api("GET", path, { key: anna });
  expect([status, idsOf(body).length]).toEqual([200, 3]);
  expect((await api("GET", path, { key: berta })).status).toBe(400);
});

test.each([
  ["a path for an id", { ...place, id: "a/b" }],
  ["a parent for an id", { ...place, id: ".." }],
  ["a reserved id", { ...place, id: "__x__" }],
  ["no id", { ...place, id: "" }],
  ["an id too long", { ...place, id: "x".repeat(1_501) }],
  ["a second after the end of time", { ...place, seconds: 253_402_300_800 }],
  ["a second before its beginning", { ...place, seconds: -62_135_596_801 }],
  ["no number", { ...place, seconds: Number.NaN }],
  ["too many nanoseconds", { ...place, nanoseconds: 1_000_000_000 }],
  ["negative nanoseconds", { ...place, nanoseconds: -1 }],
])("a made-up cursor with %s is a 400 that names it", async (_what, position) => {
  const answer = await api("GET", `/tasks?cursor=${writeCursor(list, position)}`, { key: anna });
  expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field: "cursor" }]]);
});

test("whatever somebody makes up is a 400, on every list", async () => {
  const own = writeCursor(list, place);
  const texts = fc.oneof(
    fc.string({ minLength: 1, maxLength: 60 }),
    fc.base64String({ minLength: 1, maxLength: 60 }),
    fc.constantFrom("x", "..", "null", "0", `${own}=`, ` ${own}`, own.slice(1), own.toUpperCase()),
  );
  await fc.assert(
    fc.asyncProperty(texts, fc.constantFrom("/tasks", "/deliveries", "/events"), async (text, path) => {
      const answer = await api("GET", `${path}?cursor=${encodeURIComponent(text)}`, { key: anna });
      expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field: "cursor" }]]);
    }),
    { numRuns: 150 },
  );
});
