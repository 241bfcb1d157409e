import { Timestamp } from "firebase-admin/firestore";
import { statuses } from "../../src/domain/task-state.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import { listTasks } from "../../src/tasks/list-tasks.ts";
import { type PendingWebhook, pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { idsOf, readPages } from "../support/list-pages.ts";
import { storeTasks } from "../support/stored-tasks.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let made = 0;
const newOwner = () => `owner-${++made}`;
const keyOf = (ownerId: string) => newKey(deps.db, ownerId, ["tasks:read"]);
const newestFirst = (a: PendingWebhook, b: PendingWebhook) =>
  b.createdAt.valueOf().localeCompare(a.createdAt.valueOf()) || (a.correlationId < b.correlationId ? 1 : -1);

/** Both, so that what is listed can be worked out from what is stored. */
async function store(all: readonly Partial<PendingWebhook>[]): Promise<PendingWebhook[]> {
  const ids = await storeTasks(deps, all);
  const documents = await deps.db.getAll(...ids.map((id) => pendingWebhookRef(deps.db, id)));
  return documents.map((document) => document.data() as PendingWebhook);
}

test("a list shows each task as it is shown alone", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  const id = await submitted(deps, { ownerId, prompt: "p", metadata: { order: [[7]] } });
  const { status, body } = await api("GET", "/tasks", { key });
  expect([status, body]).toEqual([
    200,
    { data: [(await api("GET", `/tasks/${id}`, { key })).body], next_cursor: null },
  ]);
  expect(body.data).toMatchObject([{ id, owner_id: ownerId, duration_ms: null }]);
  expect((await api("GET", "/tasks", { key: await keyOf(newOwner()) })).body).toEqual({ data: [], next_cursor: null });
});

test("paging meets every task once and in order, whatever comes, goes and changes in between", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  const second = Math.floor(deps.now() / 1_000);
  // Three of each instant, and instants that are one microsecond apart, as the database itself gives them.
  const stored = await store(
    Array.from({ length: 60 }, (_, n) => ({ ownerId, createdAt: new Timestamp(second, Math.floor(n / 3) * 1_000) })),
  );
  const expected = stored.toSorted(newestFirst).map(({ correlationId }) => correlationId);
  const pages = await readPages(api, key, "/tasks?limit=7", async (page) => {
    await storeTasks(deps, [{ ownerId, createdAt: timestamp(deps.now() + 60_000) }]);
    await pendingWebhookRef(deps.db, page[0] ?? "").update({ status: "failed" });
    await pendingWebhookRef(deps.db, page.at(-1) ?? "").delete();
  });
  expect(pages.flat()).toEqual(expected);
  expect(pages.map((page) => page.length)).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 4]);
});

test("the last page says so, and a page has 20 tasks unless more or fewer are asked for", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  await storeTasks(
    deps,
    Array.from({ length: 100 }, () => ({ ownerId })),
  );
  const sizes = async (query: string) => {
    const { body } = await api("GET", `/tasks${query}`, { key });
    return [idsOf(body).length, body.next_cursor === null];
  };
  expect([await sizes(""), await sizes("?limit=100"), await sizes("?limit=99"), await sizes("?limit=1")]).toEqual([
    [20, false],
    [100, true],
    [99, false],
    [1, false],
  ]);
});

test("every combination of filters gives what fits all of them, for an owner and for an admin", async () => {
  const own = newOwner();
  const other = newOwner();
  const [key, admin] = [await keyOf(own), await newKey(deps.db, newOwner(), ["admin"])];
  const service = `render-${own}`;
  const now = deps.now();
  const stored = await store(
    Array.from({ length: 96 }, (_, n) => ({
      ownerId: n % 2 === 0 ? own : other,
      status: n % 3 === 0 ? ("failed" as const) : ("completed" as const),
      service: n % 4 < 2 ? service : null,
      projectId: n % 8 < 4 ? `project-${own}` : null,
      userId: n % 16 < 8 ? `user-${own}` : null,
      createdAt: timestamp(now - n * 1_000),
    })),
  );
  const filters: [string, (task: PendingWebhook) => boolean][] = [
    ["status=failed", ({ status }) => status === "failed"],
    [`service=${service}`, (task) => task.service === service],
    [`project_id=project-${own}`, ({ projectId }) => projectId !== null],
    [`user_id=user-${own}`, ({ userId }) => userId !== null],
    [`since=${new Date(now - 80_000).toISOString()}`, ({ createdAt }) => createdAt.toMillis() >= now - 80_000],
    [`until=${new Date(now - 10_000).toISOString()}`, ({ createdAt }) => createdAt.toMillis() < now - 10_000],
  ];
  const views: [string, string, (task: PendingWebhook) => boolean][] = [
    [key, "", ({ ownerId }) => ownerId === own],
    [admin, `&owner_id=${other}`, ({ ownerId }) => ownerId === other],
    [admin, "&owner_id=*", () => true],
  ];
  const mine = new Set(stored.map(({ correlationId }) => correlationId));
  for (let chosen = 0; chosen < 2 ** filters.length; chosen += 1) {
    const given = filters.filter((_, bit) => (chosen & (2 ** bit)) !== 0);
    for (const [as, owner, seen] of views) {
      const query = `limit=100${owner}${given.map(([text]) => `&${text}`).join("")}`;
      const fits = stored.filter((task) => seen(task) && given.every(([, fits]) => fits(task)));
      const expected = fits.toSorted(newestFirst).map(({ correlationId }) => correlationId);
      const pages = await readPages(api, as, `/tasks?${query}`);
      // To everybody's belong the tasks of other tests.
      expect([query, pages.flat().filter((id) => mine.has(id))]).toEqual([query, expected]);
    }
  }
});

test("each status has its own list, and all together are the whole", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  const ids = await storeTasks(
    deps,
    statuses.map((status) => ({ ownerId, status })),
  );
  for (const [n, status] of statuses.entries()) {
    expect(idsOf((await api("GET", `/tasks?status=${status}`, { key })).body)).toEqual([ids[n]]);
  }
  expect(idsOf((await api("GET", "/tasks?status=&service=", { key })).body).sort()).toEqual(ids.toSorted());
});

test("since is the first instant that counts, until the first that does not", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  const at = Date.parse("2026-01-15T10:30:15.123Z");
  const [, first, second] = await storeTasks(
    deps,
    [at - 1, at, at + 1, at + 2].map((ms) => ({ ownerId, createdAt: timestamp(ms) })),
  );
  const window = `since=2026-01-15T11:30:15.123%2B01:00&until=2026-01-15T10:30:15.125Z`;
  expect(idsOf((await api("GET", `/tasks?${window}`, { key })).body)).toEqual([second, first]);
  const backwards = `since=2026-01-15T10:30:16Z&until=2026-01-15T10:30:15Z`;
  expect(idsOf((await api("GET", `/tasks?${backwards}`, { key })).body)).toEqual([]);
});

test("nobody but an admin sees another owner's, and is not told whether there is one", async () => {
  const [own, other] = [newOwner(), newOwner()];
  const key = await newKey(deps.db, own, ["tasks:read", "webhooks"]);
  const admin = await newKey(deps.db, newOwner(), ["admin"]);
  const [mine, theirs] = await storeTasks(deps, [{ ownerId: own }, { ownerId: other }]);
  const refusals = new Set<string>();
  for (const path of ["/tasks", "/stats", "/events", "/deliveries", "/webhooks", "//api/webhooks"]) {
    for (const owner of [other, "nobody-at-all", "*", "%20", "..", "%00", "%ff"]) {
      const { status, body } = await api("GET", `${path}?owner_id=${owner}`, { key });
      refusals.add(JSON.stringify([status, { ...body, request_id: undefined }]));
    }
    expect((await api("GET", `${path}?owner_id=${own}`, { key })).status).toBe(200);
    expect((await api("GET", `${path}?owner_id=`, { key })).status).toBe(200);
    expect((await api("GET", `${path}?owner_id=${other}`, { key: admin })).status).toBe(200);
  }
  expect([...refusals].map((text) => JSON.parse(text))).toMatchObject([[403, { code: "forbidden" }]]);

  expect(idsOf((await api("GET", "/tasks?user_id=user-1", { key })).body)).toEqual([mine]);
  expect(idsOf((await api("GET", "/tasks", { key: admin })).body)).toEqual([]);
  expect(idsOf((await api("GET", `/tasks?owner_id=${other}`, { key: admin })).body)).toEqual([theirs]);
});

test.each([
  ["limit=0", "limit"],
  ["limit=101", "limit"],
  ["limit=1e1", "limit"],
  ["status=done", "status"],
  ["status=Failed", "status"],
  ["since=yesterday", "since"],
  ["since=2026-01-15T10:30:15", "since"],
  ["since=1969-12-31T23:59:59Z", "since"],
  ["until=2026-13-01T00:00:00Z", "until"],
  ["until=9999-12-31T23:59:59-12:00", "until"],
  ["project_id=a%2Fb", "project_id"],
  ["user_id=..", "user_id"],
  ["service=-x", "service"],
  [`owner_id=${"x".repeat(201)}`, "owner_id"],
  ["colour=red", "colour"],
  [`cursor=${"x".repeat(2_201)}`, "cursor"],
])("?%s is a 400 that names %s", async (query, field) => {
  const { status, body } = await api("GET", `/tasks?${query}`, { key: await keyOf(newOwner()) });
  expect([status, body.code]).toEqual([400, "validation_failed"]);
  expect(body.errors).toMatchObject([{ field }]);
});

test("the list needs the scope tasks:read", async () => {
  const key = await newKey(deps.db, newOwner(), ["webhooks", "tasks:write"]);
  expect((await api("GET", "/tasks", { key })).status).toBe(403);
  expect((await api("GET", "/tasks")).status).toBe(401);
});

test("a page of large tasks ends early, the lists have no gap, and the smallest page has one task", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  const large = { ownerId, params: { text: "x".repeat(900_000) } };
  // One commit takes 4 MiB in the emulator.
  const stored = [];
  for (let n = 0; n < 3; n += 1) stored.push(...(await store(Array(4).fill(large))));
  const pages = await readPages(api, key, "/tasks?limit=100");
  expect(pages.map(({ length }) => length)).toEqual([9, 3]);
  expect(pages.flat().sort()).toEqual(stored.map(({ correlationId }) => correlationId).sort());
  const least = await listTasks(deps, { ownerId }, {}, { limit: 100, maxBytes: 1 });
  expect([least.data.length, least.nextCursor]).toEqual([1, expect.any(String)]);
});
