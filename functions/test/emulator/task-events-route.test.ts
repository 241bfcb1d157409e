import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { startService } from "../support/recording-service.ts";
import { expireAll, failure, progress, success } from "../support/task-ends.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
let admin: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["tasks:read"]);
  admin = await newKey(deps.db, "operator", ["admin"]);
});

const eventsOf = async (id: string, as = key) => await api("GET", `/tasks/${id}/events`, { key: as });
const callBackLater = async (id: string, report: object) => {
  deps.advance(1_000);
  return await callBack(deps, id, report);
};
const resolve = async (id: string, body: object) => {
  deps.advance(1_000);
  return await api("POST", `/tasks/${id}/resolve`, { key: admin, body });
};

test("a task's events are told in order, each with its time, and none before there is one", async () => {
  const service = await startService(() => ({ body: { externalId: "job-1" } }));
  const id = await submitted(deps, { ownerId: "anna", worker: { url: service.url, auth: null } });
  expect((await eventsOf(id)).body).toEqual({ data: [], next_cursor: null });

  const startedAt = deps.now();
  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  await callBackLater(id, progress(0.3, "sketched"));
  await callBackLater(id, progress(0.35));
  await callBackLater(id, progress(0.8));
  await callBackLater(id, success);
  await callBackLater(id, success);

  const { status, body } = await eventsOf(id);
  const event = (seq: number, type: string, taskStatus: string, parts: object = {}) => ({
    id: `evt_${id}_${seq}`,
    type: `task.${type}`,
    created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    task_id: id,
    status: taskStatus,
    progress: null,
    message: null,
    ...parts,
  });
  expect([status, body]).toEqual([
    200,
    {
      data: [
        event(1, "started", "initiated"),
        event(2, "progress", "initiated", { progress: 0.3, message: "sketched" }),
        event(4, "progress", "initiated", { progress: 0.8 }),
        event(5, "completed", "completed"),
      ],
      next_cursor: null,
    },
  ]);
  const times = (body.data as { created_at: string }[]).map(({ created_at }) => Date.parse(created_at) - startedAt);
  expect(times.slice(1)).toEqual([1_000, 3_000, 4_000]);
});

test("what an operator decided comes after the end, decision by decision", async () => {
  const id = await submitted(deps, { ownerId: "anna" });
  await expireAll(deps);
  expect(await callBackLater(id, success)).toMatchObject({ status: 410 });
  expect((await resolve(id, { from: "late_callback" })).status).toBe(200);
  expect((await resolve(id, { status: "failed", error: "The picture is black." })).status).toBe(200);
  const { body } = await eventsOf(id);
  expect(body.data).toMatchObject([
    { id: `evt_${id}_5`, type: "task.failed", status: "expired" },
    { id: `evt_${id}_6`, type: "task.completed", status: "completed" },
    { id: `evt_${id}_7`, type: "task.failed", status: "failed" },
  ]);
});

test("an end that came without a beginning is all there is, under the service's own prefix", async () => {
  await deps.db.doc("services/dreams").set({ url: "http://127.0.0.1:9/", eventPrefix: "dream" });
  const id = await submitted(deps, { ownerId: "anna", worker: { service: "dreams" } });
  deps.advance(1_000);
  await api("POST", `/tasks/${id}/cancel`, { key: admin });
  expect((await eventsOf(id)).body.data).toMatchObject([{ type: "dream.cancelled", status: "cancelled" }]);
});

test("a history that was written out of order is told in order", async () => {
  const id = await submitted(deps, { ownerId: "anna" });
  await callBackLater(id, progress(0.6));
  await callBackLater(id, failure);
  const ref = deps.db.collection("pendingWebhooks").doc(id);
  const { history } = (await ref.get()).data() ?? {};
  await ref.update({ history: history.toReversed() });
  const types = ((await eventsOf(id)).body.data as { type: string }[]).map(({ type }) => type);
  expect(types).toEqual(["task.started", "task.progress", "task.failed"]);
});

test("another owner's history is as little there as one that does not exist; an admin sees it", async () => {
  const id = await submitted(deps, { ownerId: "anna" });
  const stranger = await newKey(deps.db, "berta", ["tasks:read", "tasks:write"]);
  const [theirs, nobodys] = [await eventsOf(id, stranger), await eventsOf("no-such-task", stranger)];
  expect([theirs.status, theirs.body.code]).toEqual([404, "task_not_found"]);
  const said = ({ text }: typeof theirs, named: string) => text.replace(named, "…").replace(/"request_id".*/, "");
  expect(said(theirs, id)).toBe(said(nobodys, "no-such-task"));
  expect((await eventsOf(id, admin)).status).toBe(200);
  expect((await eventsOf(id, await newKey(deps.db, "anna", ["webhooks"]))).status).toBe(403);
  expect((await api("GET", `/tasks/${id}/events`)).status).toBe(401);
});
