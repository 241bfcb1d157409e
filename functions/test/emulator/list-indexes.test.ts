import type { Firestore, Query } from "firebase-admin/firestore";
import type { Owners } from "../../src/domain/owners.ts";
import { deleteApiKey, listApiKeys } from "../../src/http/manage-api-keys.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { listTasks } from "../../src/tasks/list-tasks.ts";
import { pendingWebhooks } from "../../src/tasks/pending-webhook.ts";
import { taskStats } from "../../src/tasks/task-stats.ts";
import { deliveriesOfTask, deliveriesOfWebhook, listDeliveries } from "../../src/webhooks/find-deliveries.ts";
import { disableInactive } from "../../src/webhooks/health.ts";
import { listWebhooks } from "../../src/webhooks/manage.ts";
import { hourlyLimitEnds } from "../../src/webhooks/rate-limit.ts";
import { recentEvents } from "../../src/webhooks/recent-events.ts";
import { replayPage, startReplay } from "../../src/webhooks/replay.ts";
import { rescueDeliveries } from "../../src/webhooks/requeue.ts";
import { newKey } from "../support/api-client.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { declaredIndexes, isServed, type StructuredQuery } from "../support/index-check.ts";
import { storeTasks } from "../support/stored-tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { storeDelivery } from "../support/webhook-api.ts";

interface Asked {
  readonly query: StructuredQuery;
  readonly averaged: readonly string[];
}

interface Aggregation {
  readonly avg?: { readonly field: { readonly fieldPath: string } };
  readonly sum?: { readonly field: { readonly fieldPath: string } };
}

const asked: Asked[] = [];
const aside = createTestDeps(newTestFirestore());
const deps = { ...aside, db: recording(aside.db) };
afterAll(() => aside.db.terminate());
beforeEach(() => {
  asked.length = 0;
});

/** The same database, with every query noted as it goes there. */
function recording(db: Firestore): Firestore {
  return interceptFirestore(db, async ({ request }, proceed) => {
    const { structuredQuery: query, structuredAggregationQuery: whole } = request as {
      structuredQuery?: StructuredQuery;
      structuredAggregationQuery?: { structuredQuery: StructuredQuery; aggregations: Aggregation[] };
    };
    if (query !== undefined) asked.push({ query, averaged: [] });
    if (whole !== undefined) {
      const averaged = whole.aggregations.flatMap(({ avg, sum }) => avg?.field.fieldPath ?? sum?.field.fieldPath ?? []);
      asked.push({ query: whole.structuredQuery, averaged });
    }
    return await proceed();
  });
}

/** Every query since the last look is served; gives how many there were. */
function expectServed(declared = declaredIndexes): number {
  const unserved = asked.filter(({ query, averaged }) => !isServed(query, averaged, declared));
  expect(unserved).toEqual([]);
  return asked.splice(0).length;
}

const owners: Owners[] = [{ ownerId: "anna" }, "everybody"];
/** Every choice of some of these. */
function choices<T extends object>(all: T): Partial<T>[] {
  const entries = Object.entries(all);
  return Array.from({ length: 2 ** entries.length }, (_, chosen) => {
    return Object.fromEntries(entries.filter((_entry, bit) => (chosen & (2 ** bit)) !== 0)) as Partial<T>;
  });
}

test("tasks: every combination of filters, from the start and from a cursor", async () => {
  const task = { ownerId: "anna", status: "failed" as const, service: "s", projectId: "p", userId: "u" };
  await storeTasks(aside, [task, task]);
  const filters = choices({
    status: "failed" as const,
    service: "s",
    projectId: "p",
    userId: "u",
    since: deps.now() - 1,
    until: deps.now() + 1,
  });
  for (const whose of owners) {
    for (const filter of filters) {
      const { nextCursor: cursor } = await listTasks(deps, whose, filter, { limit: 1 });
      expect(cursor).not.toBeNull();
      await listTasks(deps, whose, filter, { limit: 1, cursor: cursor ?? undefined });
    }
  }
  expect(expectServed()).toBe(2 * 64 * 2);
});

test("statistics: of an owner, and of everybody", async () => {
  for (const whose of owners) await taskStats(deps, whose, 24);
  expect(asked.filter(({ averaged }) => averaged.includes("durationMs"))).toHaveLength(2);
  expect(expectServed()).toBe(2 * 7);
});

test("deliveries: of an owner, of everybody, of a task and of a webhook, and what a replay reads of them", async () => {
  for (let n = 1; n <= 30; n += 1) {
    await storeDelivery(aside, n, { ownerId: "anna", webhookId: "w", taskId: "t" }, deps.now() - n);
  }
  for (const status of [undefined, "dead"] as const) {
    const lists = [
      (cursor?: string) => listDeliveries(deps, { ownerId: "anna" }, { status, limit: 1, cursor }),
      (cursor?: string) => listDeliveries(deps, "everybody", { status, limit: 1, cursor }),
      (cursor?: string) => deliveriesOfTask(deps, "t", { status, limit: 1, cursor }),
    ];
    for (const list of lists) await list((await list()).nextCursor ?? undefined);
    for (const page of [1, 2]) await deliveriesOfWebhook(deps, "w", { status, page });
  }
  expect(expectServed()).toBe(2 * (3 * 2 + 2));
  for (const status of ["dead", "all"] as const) {
    const range = { since: 0, until: deps.now() + 1, status };
    const replay = await startReplay(deps, { id: "w", ownerId: "anna" }, range);
    for (const page of [0, 1]) {
      aside.advance(10_000);
      await replayPage(deps, { replayId: replay.id, page });
    }
  }
  // Counted at the start; then a page and a count of what was sent, twice.
  expect(expectServed()).toBe(2 * (1 + 2 * 2));
});

test("keys: all, an owner's, and the one that is deleted", async () => {
  await newKey(aside.db, "anna", ["admin"]);
  await newKey(aside.db, "anna", ["admin"]);
  for (const owner_id of [undefined, "anna"]) {
    const { nextCursor } = await listApiKeys(deps, { owner_id, limit: 1 });
    await listApiKeys(deps, { owner_id, limit: 1, cursor: nextCursor ?? undefined });
  }
  await expect(deleteApiKey(deps, "no-such-key")).rejects.toThrow();
  expect(expectServed()).toBe(2 * 2 + 1);
});

test("events, webhooks and their limit, and what the schedule looks for", async () => {
  await recentEvents(deps, "anna", { hours: 24, limit: 10 });
  await listWebhooks(deps, "anna");
  await deps.webhooks.ofOwner("anna");
  await hourlyLimitEnds(deps, "w");
  await disableInactive(deps);
  await expirePendingWebhooks(deps, Number.POSITIVE_INFINITY);
  await rescueDeliveries(deps, Number.POSITIVE_INFINITY);
  // The cache of webhooks asks past the record.
  expect(expectServed()).toBe(2 + 1 + 1 + 1 + 16 + 16);
});

const tasks = pendingWebhooks(deps.db);
const at = timestamp(0);
test.each<[string, () => Query]>([
  ["a filter on a field without an index", () => tasks.where("prompt", "==", "p")],
  ["an order that no index ends in", () => tasks.where("priority", "==", 1).orderBy("createdAt", "desc")],
  [
    "one filter of two",
    () => tasks.where("ownerId", "==", "a").where("priority", "==", 1).orderBy("createdAt", "desc"),
  ],
  ["the opposite direction", () => tasks.where("ownerId", "==", "a").orderBy("createdAt")],
  ["a bound, which sorts upwards", () => tasks.where("ownerId", "==", "a").where("createdAt", ">=", at)],
  ["a time alone", () => tasks.where("createdAt", ">=", at).orderBy("createdAt", "desc")],
  ["an order of two fields", () => tasks.where("ownerId", "==", "a").orderBy("createdAt", "desc").orderBy("status")],
])("the check itself refuses %s", async (_what, query) => {
  await query().limit(1).get();
  expect(() => expectServed()).toThrow();
});

test("the check itself misses an index as soon as it is gone", async () => {
  await listTasks(deps, { ownerId: "anna" }, { service: "s" }, { limit: 1 });
  await listTasks(deps, "everybody", {}, { limit: 1 });
  await listDeliveries(deps, "everybody", { limit: 1 });
  await taskStats(deps, { ownerId: "anna" }, 1);
  await taskStats(deps, "everybody", 1);
  const { indexes } = declaredIndexes;
  const missing = indexes.map((_, gone) => {
    const rest = { ...declaredIndexes, indexes: indexes.toSpliced(gone, 1) };
    return asked.filter(({ query, averaged }) => !isServed(query, averaged, rest)).length;
  });
  const spoken = indexes.map(({ collectionGroup, fields }) =>
    [collectionGroup, ...fields.map(({ fieldPath }) => fieldPath)].join(" "),
  );
  expect(Object.fromEntries(spoken.flatMap((name, n) => (missing[n] === 0 ? [] : [[name, missing[n]]])))).toEqual({
    // Six counts each, and the first page of everybody's.
    "pendingWebhooks status createdAt": 6 + 1,
    "pendingWebhooks ownerId status createdAt durationMs": 1,
    "pendingWebhooks status createdAt durationMs": 1,
    "deliveries status createdAt": 1,
  });
});
