import type { EventEmitter } from "node:events";
import { Timestamp } from "firebase-admin/firestore";
import { statuses, type TaskStatus } from "../../src/domain/task-state.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import { type PendingWebhook, pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { taskStats } from "../../src/tasks/task-stats.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { storeTasks } from "../support/stored-tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

const hourMs = 3_600_000;
const none = { pending: 0, initiated: 0, completed: 0, failed: 0, expired: 0, cancelled: 0 };
let made = 0;
const newOwner = () => `owner-${++made}`;
const keyOf = (ownerId: string) => newKey(deps.db, ownerId, ["tasks:read"]);
const statsOf = async (key: string, query = "") => {
  const { status, body } = await api("GET", `/stats${query}`, { key });
  expect(status).toBe(200);
  return body;
};

/** So many tasks of each status, submitted a minute ago. */
async function store(
  ownerId: string,
  counts: Partial<Record<TaskStatus, number>>,
  parts: Partial<PendingWebhook> = {},
) {
  const createdAt = timestamp(deps.now() - 60_000);
  const all = statuses.flatMap((status) =>
    Array.from({ length: counts[status] ?? 0 }, () => ({ ownerId, status, createdAt, ...parts })),
  );
  return await storeTasks(deps, all);
}

test("where there is nothing, nothing is made of it", async () => {
  const since = new Date(deps.now() - 24 * hourMs).toISOString();
  expect(await statsOf(await keyOf(newOwner()))).toEqual({
    hours: 24,
    since,
    total: 0,
    by_status: none,
    success_rate: null,
    mean_duration_ms: null,
  });
});

test("a mixture is counted by status; what was cancelled or is open counts for no rate", async () => {
  const ownerId = newOwner();
  const counts = { pending: 1, initiated: 2, completed: 6, failed: 1, expired: 1, cancelled: 4 };
  await store(ownerId, counts, { durationMs: 10 });
  await store(newOwner(), { failed: 9 });
  expect(await statsOf(await keyOf(ownerId))).toMatchObject({ total: 15, by_status: counts, success_rate: 0.75 });
});

test.each([
  [{ pending: 3, initiated: 1, cancelled: 2 }, null],
  [{ failed: 2, cancelled: 1 }, 0],
  [{ expired: 1 }, 0],
  [{ completed: 2, pending: 5 }, 1],
])("of %j the success rate is %p", async (counts, rate) => {
  const ownerId = newOwner();
  await store(ownerId, counts);
  expect((await statsOf(await keyOf(ownerId))).success_rate).toBe(rate);
});

test("the mean is of completed tasks' durations, in whole milliseconds; one without a duration does not count", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  await store(ownerId, { completed: 1 });
  expect(await statsOf(key)).toMatchObject({ success_rate: 1, mean_duration_ms: null });
  for (const durationMs of [1_000, 2_000, 4_001]) await store(ownerId, { completed: 1 }, { durationMs });
  await store(ownerId, { failed: 1, expired: 1, cancelled: 1 }, { durationMs: 9_000_000 });
  expect(await statsOf(key)).toMatchObject({ total: 7, mean_duration_ms: 2_334 });
});

test("the window begins with its first instant, and ends with now", async () => {
  const ownerId = newOwner();
  const key = await keyOf(ownerId);
  const at = (hours: number, nanoseconds: number) => {
    const { seconds, nanoseconds: ofMs } = timestamp(deps.now() - hours * hourMs);
    return new Timestamp(seconds, ofMs + nanoseconds);
  };
  const before = (hours: number) => timestamp(deps.now() - hours * hourMs - 1);
  const all = [at(1, 0), at(1, 999), before(1), at(2_160, 0), before(2_160)];
  await storeTasks(
    deps,
    all.map((createdAt) => ({ ownerId, createdAt })),
  );
  expect(await statsOf(key, "?hours=1")).toMatchObject({ hours: 1, total: 2 });
  expect(await statsOf(key, "?hours=2")).toMatchObject({ hours: 2, total: 3 });
  expect(await statsOf(key, "?hours=2160")).toMatchObject({ hours: 2_160, total: 4 });
  expect(await statsOf(key, "?hours=")).toMatchObject({ hours: 24, total: 3 });
});

test("an admin counts anybody's tasks, or everybody's", async () => {
  const [one, two] = [newOwner(), newOwner()];
  const admin = await newKey(deps.db, newOwner(), ["admin"]);
  const everybodys = async () => Number((await statsOf(admin, "?owner_id=*&hours=2160")).total);
  const before = await everybodys();
  await store(one, { completed: 2 }, { durationMs: 500 });
  await store(two, { failed: 1 });
  expect(await statsOf(admin)).toMatchObject({ total: 0 });
  expect(await statsOf(admin, `?owner_id=${one}`)).toMatchObject({ total: 2, mean_duration_ms: 500 });
  expect(await everybodys()).toBe(before + 3);
});

test.each(["hours=0", "hours=2161", "hours=1.5", "hours=-1", "hours=x", "hours=10000", "days=1"])(
  "?%s is a 400",
  async (query) => {
    const { status, body } = await api("GET", `/stats?${query}`, { key: await keyOf(newOwner()) });
    expect([status, body.errors]).toMatchObject([400, [{ field: query.split("=")[0] }]]);
  },
);

test("the numbers need the scope tasks:read", async () => {
  const key = await newKey(deps.db, newOwner(), ["webhooks", "tasks:write"]);
  expect((await api("GET", "/stats", { key })).status).toBe(403);
  expect((await api("GET", "/stats")).status).toBe(401);
});

test("no document is read, and a task that moves on meanwhile is counted once", async () => {
  const ownerId = newOwner();
  const ids = await store(ownerId, { pending: 12 });
  const ended = { status: "completed", durationMs: 1 };
  const first = Promise.withResolvers<void>();
  const methods: string[] = [];
  let moving: Promise<unknown> | undefined;
  const db = interceptFirestore(deps.db, async ({ method }, proceed) => {
    methods.push(method);
    if (method !== "runAggregationQuery") return await proceed();
    if (methods.indexOf(method) === methods.length - 1)
      return whenEnded((await proceed()) as EventEmitter, first.resolve);
    // As soon as the first number is there, and before any other is asked for, every task ends.
    await first.promise;
    moving ??= Promise.all(ids.map((id) => pendingWebhookRef(deps.db, id).update(ended)));
    await moving;
    return await proceed();
  });
  const { total, byStatus } = await taskStats({ ...deps, db }, { ownerId }, 24);
  expect([total, byStatus]).toEqual([12, { ...none, pending: 12 }]);
  const reads = methods.filter((method) => !["beginTransaction", "commit", "rollback"].includes(method));
  expect(reads).toEqual(Array(7).fill("runAggregationQuery"));
  expect((await taskStats(deps, { ownerId }, 24)).byStatus).toEqual({ ...none, completed: 12 });
});

/** The same stream; `ended` is called when it ends. A listener of our own would make it flow too early. */
function whenEnded(stream: EventEmitter, ended: () => void): EventEmitter {
  const { emit } = stream;
  stream.emit = (event, ...args) => {
    if (event === "end") ended();
    return emit.call(stream, event, ...args);
  };
  return stream;
}
