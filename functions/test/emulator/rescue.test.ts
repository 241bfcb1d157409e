import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { type RecordingService, startService } from "../support/recording-service.ts";
import { readTask, snapshotOf, submitted, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

let serviceStatus: number;
let deps: TestDeps;
let service: RecordingService;
beforeEach(async () => {
  deps = createTestDeps(newTestFirestore());
  service = await startService(() => ({ status: serviceStatus }));
  serviceStatus = 202;
});
afterEach(() => deps.db.terminate());

const sweep = () => expirePendingWebhooks(deps, deps.now() + 60_000);
const submittedHere = (timeoutSeconds: number) =>
  submitted(deps, { worker: { url: service.url, auth: null }, timeoutSeconds });
const queuedIds = () => deps.queued.map(({ id }) => id);

test("a task that nobody called within two minutes is queued again under a new name", async () => {
  const id = await submittedHere(3_600);
  const created = await trigger(deps, id);
  deps.advance(119_000);
  expect(await sweep()).toMatchObject({ expired: 0, rescued: 0 });

  deps.advance(2_000);
  expect(await sweep()).toMatchObject({ expired: 0, rescued: 1 });
  expect(await readTask(deps, id)).toMatchObject({ status: "pending", rescues: 1 });
  await trigger(deps, id, created);
  expect(queuedIds()).toEqual([`${id}-1`, `${id}-1-rescue-1`]);

  const rescue = deps.queued.at(-1);
  expect(rescue?.data).toEqual({ correlationId: id, attempt: 1 });
  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  expect(await readTask(deps, id)).toMatchObject({ status: "initiated" });
});

test("a rescue that was not heard of is repeated, each time with twice the patience", async () => {
  const id = await submittedHere(86_400);
  const rescuesAfter = async (seconds: number) => {
    deps.advance(seconds * 1_000);
    await sweep();
    return (await readTask(deps, id)).rescues;
  };
  expect(await rescuesAfter(121)).toBe(1);
  expect(await rescuesAfter(230)).toBe(1);
  expect(await rescuesAfter(11)).toBe(2);
  expect(await rescuesAfter(470)).toBe(2);
  expect(await rescuesAfter(11)).toBe(3);
});

test("a task that is rescued in vain expires at its deadline", async () => {
  const id = await submittedHere(200);
  deps.advance(121_000);
  expect(await sweep()).toMatchObject({ rescued: 1 });
  deps.advance(80_000);
  expect(await sweep()).toMatchObject({ expired: 1 });
  const error = "No callback came within 200 s. The service was never reached.";
  expect(await readTask(deps, id)).toMatchObject({ status: "expired", error });
});

test("a task whose lost order turns up after all is called once", async () => {
  const id = await submittedHere(3_600);
  deps.advance(121_000);
  await sweep();
  const order = { correlationId: id, attempt: 1 };
  await dispatchTask(deps, order);
  await dispatchTask(deps, order);
  expect(service.calls).toHaveLength(1);
  expect(deps.logged.map(({ message }) => message)).toContain("dispatch: out of date");
  expect(await readTask(deps, id)).toMatchObject({ status: "initiated", attempts: [{ number: 1 }] });
});

test("a task that waits for its next attempt is not rescued before that is two minutes overdue", async () => {
  await deps.db.doc("services/flaky").set({ url: service.url, maxRetries: 3, retryDelaySeconds: 120 });
  serviceStatus = 500;
  const id = await submitted(deps, { worker: { service: "flaky" }, timeoutSeconds: 3_600 });
  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  const before = await snapshotOf(deps, id);

  deps.advance(239_000);
  expect(await sweep()).toMatchObject({ rescued: 0 });
  deps.advance(2_000);
  expect(await sweep()).toMatchObject({ rescued: 1 });
  await trigger(deps, id, before);
  expect(queuedIds()).toEqual([`${id}-2-rescue-1`]);

  await dispatchTask(deps, { correlationId: id, attempt: 2 });
  const after = await readTask(deps, id);
  expect(after).toMatchObject({ status: "pending", rescues: 0, attempts: [{ number: 1 }, { number: 2 }] });
});

test("a second sweep at the same time rescues a task only once", async () => {
  const id = await submittedHere(3_600);
  deps.advance(121_000);
  const reports = await Promise.all([sweep(), sweep()]);
  expect(reports.reduce((sum, { rescued }) => sum + rescued, 0)).toBe(1);
  expect(await readTask(deps, id)).toMatchObject({ rescues: 1 });
});
