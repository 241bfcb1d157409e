import { cancelTask } from "../../src/tasks/cancel.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { callBack } from "../support/callbacks.ts";
import {
  acknowledge,
  expectOneEnd,
  expireAll,
  failure,
  operator,
  progress,
  success,
  times,
} from "../support/task-ends.ts";
import { readTask, snapshotOf, submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

test("30 reports of progress at once, in any order: it never goes backwards, and each milestone is one event", async () => {
  const id = await submitted(deps);
  const shares = times(30).map((i) => ((i * 7) % 30) / 30);
  const seen: number[] = [];
  const stop = pendingWebhookRef(deps.db, id).onSnapshot((snapshot) => seen.push(snapshot.data()?.progress ?? 0));
  const answers = await Promise.all(shares.map((share) => callBack(deps, id, progress(share, `at ${share}`))));
  stop();

  expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "initiated", progress: 29 / 30 });
  const sequence = task.history.map(({ seq }) => seq);
  expect(sequence).toEqual([...new Set(sequence)].toSorted());
  expect(sequence).toEqual(expect.arrayContaining([1, 4]));
  expect(task.history.every((event) => event.seq === 1 || event.message === `at ${event.progress}`)).toBe(true);
});

test("progress in order is one event for each of 25, 50 and 75 %, and none for what lies between", async () => {
  const id = await submitted(deps);
  await acknowledge(deps, await snapshotOf(deps, id));
  for (const share of [0, 0.2, 0.25, 0.3, 0.26, 0.5, 0.1, 0.74, 0.75, 0.5, 0.99, 1, 1]) {
    expect(await callBack(deps, id, progress(share))).toMatchObject({ status: 200 });
  }
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "initiated", progress: 1, externalId: "job-1" });
  const events = task.history.map(({ type, progress }) => [type, progress]);
  expect(events).toEqual([
    ["task.started", undefined],
    ["task.progress", 0.25],
    ["task.progress", 0.5],
    ["task.progress", 0.75],
  ]);
});

test("an answer to progress that is behind says how far the task is", async () => {
  const id = await submitted(deps);
  await callBack(deps, id, progress(0.8));
  expect((await callBack(deps, id, progress(0.2))).body).toEqual({
    received: true,
    status: "initiated",
    progress: 0.8,
  });
});

test("progress restarts the expiry clock of a service with a heartbeat, and of no other", async () => {
  const [beating, silent] = [await submitted(deps), await submitted(deps)];
  await pendingWebhookRef(deps.db, beating).update({ heartbeatSeconds: 120 });
  const before = await readTask(deps, silent);
  deps.advance(290_000);
  const from = deps.now();
  for (const id of [beating, silent]) await callBack(deps, id, progress(0.1));
  const task = await readTask(deps, beating);
  expect(task.expiresAt).toBeGreaterThanOrEqual(from + 120_000);
  expect(task.expiresAt).toBeLessThanOrEqual(deps.now() + 120_000);
  expect(task.sweepAt).toBe(task.expiresAt);
  expect(await readTask(deps, silent)).toMatchObject({ expiresAt: before.expiresAt, sweepAt: before.expiresAt });

  deps.advance(60_000);
  await expirePendingWebhooks(deps, Number.POSITIVE_INFINITY);
  expect([(await readTask(deps, beating)).status, (await readTask(deps, silent)).status]).toEqual([
    "initiated",
    "expired",
  ]);
});

test("progress against a success: the task is completed, and stays as the success left it", async () => {
  for (const _round of times(15)) {
    const id = await submitted(deps);
    const [report, end] = await Promise.all([callBack(deps, id, progress(0.6)), callBack(deps, id, success)]);
    expect([report.status, end.status]).toEqual([200, 200]);
    expect(await expectOneEnd(deps, id)).toBe("completed");
    expect(await readTask(deps, id)).toMatchObject({ progress: 1, resultUrl: success.resultUrl });
  }
});

test.each([
  ["completed", (id: string) => callBack(deps, id, success)],
  ["failed", (id: string) => callBack(deps, id, failure)],
  ["cancelled", (id: string) => cancelTask(deps, operator, id)],
])("progress after the task is %s is answered 200 as a duplicate, and changes nothing", async (status, end) => {
  const id = await submitted(deps);
  await end(id);
  const before = await readTask(deps, id);
  expect(await callBack(deps, id, progress(0.6))).toMatchObject({
    status: 200,
    body: { received: true, duplicate: true, status },
  });
  expect(await readTask(deps, id)).toEqual(before);
});

test("progress after expiry is answered 410, and changes nothing", async () => {
  const id = await submitted(deps);
  await expireAll(deps);
  const before = await readTask(deps, id);
  expect((await callBack(deps, id, progress(0.6))).status).toBe(410);
  expect(await readTask(deps, id)).toEqual(before);
});

test("progress that is faster than the acknowledgement does not lose what that says of the job", async () => {
  const id = await submitted(deps);
  const seen = await snapshotOf(deps, id);
  await callBack(deps, id, progress(0.3));
  await acknowledge(deps, seen);
  expect(await readTask(deps, id)).toMatchObject({ status: "initiated", progress: 0.3, externalId: "job-1" });
});

test("progress that comes while the acknowledgement is being recorded: the task starts once", async () => {
  for (const _round of times(15)) {
    const id = await submitted(deps);
    const seen = await snapshotOf(deps, id);
    const [answer] = await Promise.all([callBack(deps, id, progress(0.3)), acknowledge(deps, seen)]);
    expect(answer.status).toBe(200);
    const task = await readTask(deps, id);
    expect(task).toMatchObject({ status: "initiated", progress: 0.3, attempts: [{ number: 1 }] });
    expect(task.history.map(({ seq }) => seq)).toEqual([1, 2]);
  }
});
