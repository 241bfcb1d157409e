import { type DocumentReference, FieldValue } from "firebase-admin/firestore";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { outcomeRef, pendingWebhookRef, pendingWebhooks } from "../../src/tasks/pending-webhook.ts";
import { sweepShardOf } from "../../src/tasks/sweep-index.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatched } from "../support/dispatching.ts";
import { beforeFirstCommit, replaced } from "../support/interference.ts";
import { newIds, storeMany } from "../support/many-tasks.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { readOutcome, readTask, submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

const success = { status: "success", resultUrl: "https://cdn.example.com/a.mp4" };
const hourMs = 3_600_000;

// A sweep takes in the whole database, so each test has its own.
let deps: TestDeps;
let service: RecordingService;
beforeEach(async () => {
  deps = createTestDeps(newTestFirestore());
  service = await startService(() => ({}));
});
afterEach(() => deps.db.terminate());

/** In small pages, so that a test sees several. */
const sweep = (parts: Partial<TestDeps> = {}) => expirePendingWebhooks({ ...deps, ...parts }, deps.now() + hourMs, 250);

async function initiated(parts: Partial<TaskRequest>): Promise<string> {
  return (await dispatched(deps, service.url, parts)).correlationId;
}

/** What of a task makes it findable for the sweep. */
async function sweepFields(id: string) {
  const { sweepShard, sweepAt } = await readTask(deps, id);
  return { sweepShard, sweepAt };
}

async function ofStatus(status: string): Promise<number> {
  return (await pendingWebhooks(deps.db).where("status", "==", status).count().get()).data().count;
}

test("expires what is past its deadline, and nothing else", async () => {
  const pending = await submitted(deps, { timeoutSeconds: 10 });
  const open = await initiated({ timeoutSeconds: 10 });
  const fresh = await initiated({ timeoutSeconds: 60 });
  const done = await initiated({ timeoutSeconds: 10 });
  await callBack(deps, done, success);
  const calledOff = await submitted(deps, { timeoutSeconds: 10 });
  await cancelTask(deps, { ownerId: "owner-1", admin: false }, calledOff);
  const untouched = await Promise.all([fresh, done, calledOff].map((id) => readTask(deps, id)));

  deps.advance(11_000);
  expect(await sweep()).toMatchObject({ expired: 2, rescued: 0, overtaken: 0, finished: true });

  expect(await readTask(deps, pending)).toMatchObject({
    status: "expired",
    errorCode: "expired",
    error: "No callback came within 10 s. The service was never reached.",
  });
  expect(await readTask(deps, open)).toMatchObject({ status: "expired", error: "No callback came within 10 s." });
  expect(await Promise.all([fresh, done, calledOff].map((id) => readTask(deps, id)))).toEqual(untouched);
});

test("an expired task leaves the sweep's index, is purged in time, and has one event and one outcome that agree", async () => {
  const id = await initiated({ timeoutSeconds: 10 });
  deps.advance(11_000);
  await sweep();

  const task = await readTask(deps, id);
  const outcome = await readOutcome(deps, id);
  expect(await sweepFields(id)).toEqual({ sweepShard: undefined, sweepAt: undefined });
  expect(task.history.map(({ seq, type, status }) => ({ seq, type, status }))).toEqual([
    { seq: 1, type: "task.started", status: "initiated" },
    { seq: 5, type: "task.failed", status: "expired" },
  ]);
  expect(task.history.at(-1)?.at).toEqual(task.completedAt);
  expect(outcome).toMatchObject({ status: "expired", at: task.completedAt, resolutions: 0 });
  const outlivesMs = (outcome?.purgeAt.toMillis() ?? 0) - (task.purgeAt?.toMillis() ?? 0);
  expect(outlivesMs).toBeGreaterThan(24 * 3_600_000);
  const keptMs = (task.purgeAt?.toMillis() ?? 0) - (task.completedAt?.toMillis() ?? 0);
  expect(keptMs).toBe(deps.config.taskRetentionMs);

  expect(await sweep()).toMatchObject({ expired: 0, rescued: 0, overtaken: 0, finished: true });
});

test("expires 1,500 stale tasks among 500 that are not and 200 that are finished, several pages of one shard too", async () => {
  const now = deps.now();
  const past = { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 1_000 };
  const crowded = newIds(600, 3);
  await storeMany(deps, crowded, past);
  await storeMany(deps, newIds(900), past);
  await storeMany(deps, newIds(500), { status: "initiated", expiresAt: now + hourMs, sweepAt: now + hourMs });
  const gone = FieldValue.delete();
  const finished = newIds(200);
  await storeMany(deps, finished, { status: "completed", expiresAt: now - 1_000 });
  const batch = deps.db.batch();
  for (const id of finished) batch.update(pendingWebhookRef(deps.db, id), { sweepShard: gone, sweepAt: gone });
  await batch.commit();

  expect(await sweep()).toMatchObject({ expired: 1_500, rescued: 0, overtaken: 0, finished: true });

  expect(await ofStatus("expired")).toBe(1_500);
  expect(await ofStatus("initiated")).toBe(500);
  expect(await ofStatus("completed")).toBe(200);
  const outcomes = await deps.db.getAll(...crowded.map((id) => outcomeRef(deps.db, id)));
  expect(outcomes.every((outcome) => outcome.get("status") === "expired")).toBe(true);
});

test("stops at its deadline and goes on in the next run", async () => {
  const now = deps.now();
  await storeMany(deps, newIds(600, 5), { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 1_000 });

  const slow = beforeFirstCommit(deps.db, async () => deps.advance(2 * hourMs));
  expect(await sweep({ db: slow })).toMatchObject({ expired: 250, finished: false });
  expect(await ofStatus("expired")).toBe(250);

  expect(await sweep()).toMatchObject({ expired: 350, finished: true });
  expect(await ofStatus("expired")).toBe(600);
});

test("does nothing when its time is over before it begins", async () => {
  const id = await submitted(deps, { timeoutSeconds: 10 });
  deps.advance(11_000);
  expect(await expirePendingWebhooks(deps, deps.now())).toMatchObject({ expired: 0, finished: false });
  expect((await readTask(deps, id)).status).toBe("pending");
});

test("leaves alone what is completed between being found and being written, and expires the rest of the page", async () => {
  const now = deps.now();
  const others = newIds(20, 7);
  await storeMany(deps, others, { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 2_000 });
  const [faster] = newIds(1, 7);
  if (faster === undefined) throw new Error("no id");
  await storeMany(deps, [faster], { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 1_500 });

  const db = beforeFirstCommit(deps.db, async () => {
    expect((await callBack(deps, faster, success)).status).toBe(200);
  });
  expect(await sweep({ db })).toMatchObject({ expired: 20, overtaken: 1, finished: true });

  const task = await readTask(deps, faster);
  expect(task).toMatchObject({ status: "completed", resultUrl: success.resultUrl, error: null });
  expect(task.history.map(({ type }) => type)).toEqual(["task.completed"]);
  expect(await readOutcome(deps, faster)).toMatchObject({ status: "completed", conflicts: 0 });
  expect(await ofStatus("expired")).toBe(20);
});

test("leaves alone what reported progress between being found and being written", async () => {
  await deps.db.doc("services/slow").set({ url: service.url, heartbeatSeconds: 30, timeoutSeconds: 10 });
  const id = await initiated({ worker: { service: "slow" } });
  deps.advance(11_000);

  const db = beforeFirstCommit(deps.db, async () => {
    expect((await callBack(deps, id, { status: "progress", progress: 0.3 })).status).toBe(200);
  });
  expect(await sweep({ db })).toMatchObject({ expired: 0, overtaken: 1 });
  expect(await readTask(deps, id)).toMatchObject({ status: "initiated", progress: 0.3, error: null });
  expect(await readOutcome(deps, id)).toBeUndefined();

  deps.advance(31_000);
  expect(await sweep()).toMatchObject({ expired: 1, overtaken: 0 });
  expect(await readTask(deps, id)).toMatchObject({ status: "expired", error: "No callback came within 30 s." });
});

test("progress of a service with a heartbeat keeps a task alive past its first deadline", async () => {
  await deps.db.doc("services/slow").set({ url: service.url, heartbeatSeconds: 30, timeoutSeconds: 10 });
  const id = await initiated({ worker: { service: "slow" } });
  deps.advance(9_000);
  await callBack(deps, id, { status: "progress", progress: 0.3 });
  deps.advance(20_000);
  expect(await sweep()).toMatchObject({ expired: 0, rescued: 0, overtaken: 0 });
  deps.advance(11_000);
  expect(await sweep()).toMatchObject({ expired: 1 });
});

test("two sweeps at once expire each task exactly once", async () => {
  const now = deps.now();
  const ids = newIds(60);
  await storeMany(deps, ids, { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 1_000 });

  const reports = await Promise.all([sweep(), sweep()]);

  expect(reports.reduce((sum, { expired }) => sum + expired, 0)).toBe(60);
  const tasks = await Promise.all(ids.map((id) => readTask(deps, id)));
  expect(tasks.map(({ status }) => status)).toEqual(Array(60).fill("expired"));
  expect(tasks.map(({ history }) => history.length)).toEqual(Array(60).fill(1));
});

test("a task that cannot be written stops neither its page nor the sweep, and is reported", async () => {
  const now = deps.now();
  const past = { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 1_000 };
  const [full, ...others] = newIds(10, 9);
  if (full === undefined) throw new Error("no id");
  await storeMany(deps, others, past);
  await storeMany(deps, [full], past);
  // Filled to just below Firestore's 1 MiB, so that not even the outcome has room.
  await fillUp(pendingWebhookRef(deps.db, full));

  expect(await sweep()).toMatchObject({ expired: 9, failed: 1, finished: true });

  expect(await ofStatus("expired")).toBe(9);
  expect(await readOutcome(deps, full)).toBeUndefined();
  expect(deps.logged.filter(({ level }) => level === "error")).toMatchObject([{ fields: { correlationId: full } }]);
});

/** Adds text until the document has no room for more. */
async function fillUp(ref: DocumentReference): Promise<void> {
  let fits = 0;
  let tooMuch = 1_048_576;
  while (tooMuch - fits > 16) {
    const size = Math.floor((fits + tooMuch) / 2);
    const written = await ref.update({ filling: "x".repeat(size) }).then(
      () => true,
      () => false,
    );
    if (written) fits = size;
    else tooMuch = size;
  }
}

test("a whole page of tasks that cannot be written does not keep the sweep from what comes after it", async () => {
  const now = deps.now();
  const decided = newIds(250, 4);
  await storeMany(deps, decided, { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 2_000 });
  const batch = deps.db.batch();
  for (const id of decided) batch.create(outcomeRef(deps.db, id), { status: "completed" });
  await batch.commit();
  await storeMany(deps, newIds(3, 4), { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 1_000 });

  expect(await sweep()).toMatchObject({ expired: 3, overtaken: 250, finished: true });
});

test("an outage of the database is an error of the run, after every shard was tried", async () => {
  const [first, second] = [newIds(1, 0)[0], newIds(1, 15)[0]];
  if (first === undefined || second === undefined) throw new Error("no id");
  const now = deps.now();
  await storeMany(deps, [first, second], { status: "initiated", expiresAt: now - 1_000, sweepAt: now - 1_000 });
  const unavailable = Object.assign(new Error("14 UNAVAILABLE: try later"), { code: 14 });
  const db = beforeFirstCommit(deps.db, async () => {
    throw unavailable;
  });

  await expect(sweep({ db })).rejects.toBe(unavailable);
  expect(await ofStatus("expired")).toBe(1);
  expect(await sweep()).toMatchObject({ expired: 1, finished: true });
});

test("a finished task that lies in the sweep's index is taken out of it", async () => {
  const [id] = newIds(1);
  if (id === undefined) throw new Error("no id");
  const now = deps.now();
  await storeMany(deps, [id], { status: "completed", expiresAt: now - 1_000, sweepAt: now - 1_000 });
  expect(await sweep()).toMatchObject({ expired: 0, rescued: 0 });
  expect(await readTask(deps, id)).toMatchObject({ status: "completed", history: [] });
  expect(await sweepFields(id)).toEqual({ sweepShard: undefined, sweepAt: undefined });
});

test("an open task is in the shard of its id", async () => {
  const id = await submitted(deps);
  expect((await sweepFields(id)).sweepShard).toBe(sweepShardOf(id));
});

test("a database that cannot be read is an error of the run", async () => {
  const broken = replaced(deps.db, {
    collection: () => {
      throw new Error("no database");
    },
  });
  await expect(sweep({ db: broken })).rejects.toThrow("no database");
});
