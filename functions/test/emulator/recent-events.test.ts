import { finalEvent, startedEvent } from "../../src/domain/events.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import { publishEvent } from "../../src/webhooks/publish-event.ts";
import { recentEvents } from "../../src/webhooks/recent-events.ts";
import { recentOutgoingEvents } from "../../src/webhooks/recent-outgoing-events.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { storeTasks } from "../support/stored-tasks.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

interface Listed {
  readonly id: string;
  readonly type: string;
  readonly task_id?: string;
}
const listed = (body: Readonly<Record<string, unknown>>) => body.data as Listed[];
const success = { status: "success", resultUrl: "https://cdn.example.com/a.mp4" };

test("the events of tasks and application are listed together, newest first, to their owner only", async () => {
  const key = await newKey(deps.db, "anna", ["webhooks", "tasks:read"]);
  const id = await submitted(deps, { ownerId: "anna" });
  deps.advance(1_000);
  await callBack(deps, id, { status: "progress", progress: 0.5, message: "half" });
  deps.advance(1_000);
  await api("POST", "/events", { key, body: { type: "request.created", payload: { n: 1 } } });
  deps.advance(1_000);
  await callBack(deps, id, success);
  await callBack(deps, await submitted(deps, { ownerId: "berta" }), success);

  const { status, body } = await api("GET", "/events?hours=24", { key });
  expect(status).toBe(200);
  expect(listed(body)).toMatchObject([
    { id: `evt_${id}_5`, type: "task.completed", task_id: id, status: "completed" },
    { type: "request.created", payload: { n: 1 } },
    { id: `evt_${id}_3`, type: "task.progress", progress: 0.5, message: "half" },
    { id: `evt_${id}_1`, type: "task.started" },
  ]);

  deps.advance(3_600_000);
  expect(listed((await api("GET", "/events?hours=1", { key })).body)).toHaveLength(1);
});

test("150 tasks' events are paged without a gap or a repetition", async () => {
  const key = await newKey(deps.db, "carla", ["tasks:read"]);
  const ids = await Promise.all(Array.from({ length: 150 }, () => submitted(deps, { ownerId: "carla" })));
  for (const [n, id] of ids.entries()) {
    if (n % 3 === 0) deps.advance(1);
    await callBack(deps, id, { status: "progress", progress: 0.3 });
  }
  // A task that is old but was heard of last holds both old and new events.
  deps.advance(1);
  await callBack(deps, ids[0] ?? "", success);
  const seen: string[] = [];
  let cursor = "";
  do {
    const { status, body } = await api("GET", `/events?limit=70${cursor}`, { key });
    expect(status).toBe(200);
    seen.push(...listed(body).map((event) => event.id));
    cursor = body.next_cursor === null ? "" : `&cursor=${encodeURIComponent(String(body.next_cursor))}`;
  } while (cursor !== "");
  expect(seen).toHaveLength(301);
  expect(new Set(seen).size).toBe(301);
  expect(seen[0]).toBe(`evt_${ids[0]}_5`);
});

test.each(["hours=0", "hours=169", "hours=x", "limit=501", "cursor=x", "colour=red"])("?%s is a 400", async (query) => {
  const key = await newKey(deps.db, "dora", ["tasks:read"]);
  expect((await api("GET", `/events?${query}`, { key })).status).toBe(400);
});

/** Every page of a list, with how long it is as JSON. */
async function allPages(path: string, key: string) {
  const pages: { readonly data: unknown[]; readonly bytes: number }[] = [];
  for (let cursor: unknown = null; cursor !== null || pages.length === 0; ) {
    const { status, body, text } = await api("GET", `${path}${cursor === null ? "" : `&cursor=${cursor}`}`, { key });
    expect(status).toBe(200);
    pages.push({ data: body.data as unknown[], bytes: text.length });
    cursor = body.next_cursor;
  }
  return pages;
}

const room = 8 * 1_024 * 1_024;

test("a page of large events ends early, without a gap, and no more is read for it than it takes", async () => {
  const key = await newKey(deps.db, "emil", ["tasks:read"]);
  for (let n = 0; n < 120; n += 1) {
    const payload = { n, text: "x".repeat(100_000) };
    await publishEvent(deps, { id: `evt_large-${n}`, ownerId: "emil", type: "a.b", payload });
    deps.advance(1);
  }
  const pages = await allPages("/events?limit=500", key);
  expect(pages.map(({ data }) => data.length)).toEqual([83, 37]);
  expect(new Set(pages.flatMap(({ data }) => (data as Listed[]).map(({ id }) => id))).size).toBe(120);

  const queries: string[] = [];
  const db = interceptFirestore(deps.db, async ({ method }, proceed) => {
    if (method === "runQuery") queries.push(method);
    return await proceed();
  });
  await recentEvents({ ...deps, db }, "emil", { hours: 24, limit: 500 });
  expect(queries).toHaveLength(2);
});

test("a page of whole events ends early, without a gap, and reads few tasks at once", async () => {
  const key = await newKey(deps.db, "frida", ["tasks:read"]);
  const all = Array.from({ length: 24 }, (_, n) => {
    const at = timestamp(deps.now() + n);
    const history = [startedEvent("task", at), finalEvent("task", "completed", at)];
    const metadata = { text: "x".repeat(200_000) };
    const task = { ownerId: "frida", status: "completed", completedAt: at, updatedAt: at, history, metadata } as const;
    return task;
  });
  const ids = [...(await storeTasks(deps, all.slice(0, 12))), ...(await storeTasks(deps, all.slice(12)))];
  deps.advance(1_000);
  const pages = await allPages("//api/v1/status/events/recent?limit=500", key);
  expect(pages.length).toBe(2);
  for (const { bytes } of pages) expect(bytes).toBeLessThan(room);
  const seen = pages.flatMap(({ data }) => data as { event_type: string; data: { task_id: string } }[]);
  const names = seen.map((event) => `${event.event_type} ${event.data.task_id}`);
  expect(names.toSorted()).toEqual(ids.flatMap((id) => [`task_completed ${id}`, `task_started ${id}`]).sort());

  const batches: number[] = [];
  const db = interceptFirestore(deps.db, async ({ method, request }, proceed) => {
    if (method === "batchGetDocuments") batches.push(request.documents?.length ?? 0);
    return await proceed();
  });
  await recentOutgoingEvents({ ...deps, db }, "frida", { hours: 24, limit: 500 });
  // Each task has two events, and is read once.
  expect(batches.every((count) => count <= 20)).toBe(true);
  expect(batches.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(24);
});
