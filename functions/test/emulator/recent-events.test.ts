import { createApiClient, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
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
