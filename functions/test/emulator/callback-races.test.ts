import { timestamp } from "../../src/platform/firestore.ts";
import { recordAttempt } from "../../src/tasks/attempt.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { resolveTask } from "../../src/tasks/resolve.ts";
import { callBack, keptCallbacks } from "../support/callbacks.ts";
import { acknowledge, expectOneEnd, expireAll, failure, operator, success, times } from "../support/task-ends.ts";
import { readOutcome, readTask, snapshotOf, submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

test("50 equal callbacks at once are one event", async () => {
  const id = await submitted(deps);
  const answers = await Promise.all(times(50).map(() => callBack(deps, id, success)));

  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
  expect(answers.filter((answer) => !("duplicate" in answer.body))).toHaveLength(1);
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "completed", resultUrl: success.resultUrl, resultMetadata: { title: "A" } });
  expect(task.history.map(({ type }) => type)).toEqual(["task.completed"]);
});

test("of 20 contradicting callbacks at once one decides, and the other 19 are answered 409 and kept", async () => {
  const id = await submitted(deps);
  const reports = times(20).map((i) =>
    i % 2 === 0 ? { ...success, result: { number: i } } : { status: "error", error: `error ${i}` },
  );
  const answers = await Promise.all(reports.map((report) => callBack(deps, id, report)));

  const codes = answers.map(({ status }) => status);
  expect(codes.toSorted()).toEqual([200, ...Array(19).fill(409)]);
  const winner = codes.indexOf(200);
  expect(await expectOneEnd(deps, id)).toBe(winner % 2 === 0 ? "completed" : "failed");
  expect((await readTask(deps, id)).result).toEqual(winner % 2 === 0 ? { number: winner } : null);
  const kept = (await keptCallbacks(deps, id)).map(({ result, error }) => JSON.stringify(result) + error);
  const lost = reports
    .filter((_, i) => i !== winner)
    .map((report) => ("error" in report ? `null${report.error}` : `${JSON.stringify(report.result)}null`));
  expect(kept.toSorted()).toEqual(lost.toSorted());
  expect((await readOutcome(deps, id))?.conflicts).toBe(19);
});

test("contradictions are kept once each and 20 at most, and never change the task", async () => {
  const id = await submitted(deps);
  await callBack(deps, id, success);
  const before = await readTask(deps, id);
  for (const i of [0, ...times(25)]) {
    expect((await callBack(deps, id, { status: "error", error: `error ${i}` })).status).toBe(409);
  }
  expect(await keptCallbacks(deps, id)).toHaveLength(20);
  expect(await readTask(deps, id)).toEqual(before);
});

test("a success against an error: one of them decides, whichever it is", async () => {
  for (const _round of times(15)) {
    const id = await submitted(deps);
    const answers = await Promise.all([callBack(deps, id, success), callBack(deps, id, failure)]);
    const codes = answers.map(({ status }) => status);
    expect(codes.toSorted()).toEqual([200, 409]);
    expect(await expectOneEnd(deps, id)).toBe(codes[0] === 200 ? "completed" : "failed");
  }
});

test("the expiry against 40 callbacks: each task ends once, and no callback is lost", async () => {
  const ids = await Promise.all(times(40).map(() => submitted(deps)));
  const [codes] = await Promise.all([
    Promise.all(ids.map(async (id) => (await callBack(deps, id, success)).status)),
    expireAll(deps),
  ]);
  for (const [i, id] of ids.entries()) {
    expect(await expectOneEnd(deps, id)).toBe(codes[i] === 200 ? "completed" : "expired");
    const { lateCallback } = await readTask(deps, id);
    if (codes[i] === 200) expect(lateCallback).toBeNull();
    else expect([codes[i], lateCallback?.resultUrl]).toEqual([410, success.resultUrl]);
  }
});

test("a callback that came before the expiry is not undone by it", async () => {
  const id = await submitted(deps);
  await callBack(deps, id, failure);
  const before = await readTask(deps, id);
  await expireAll(deps);
  expect(await readTask(deps, id)).toEqual(before);
});

test("a sweep that read the task before the callback came does not expire it", async () => {
  await expireAll(deps);
  const id = await submitted(deps);
  const batch = deps.db.batch.bind(deps.db);
  // The callback comes between the sweep's read and its write.
  jest.spyOn(deps.db, "batch").mockImplementationOnce(() => {
    const sweep = batch();
    const commit = sweep.commit.bind(sweep);
    sweep.commit = async () => {
      expect((await callBack(deps, id, success)).status).toBe(200);
      return await commit();
    };
    return sweep;
  });
  await expireAll(deps);
  expect(await expectOneEnd(deps, id)).toBe("completed");
});

test("a cancel against a callback: one of them decides, and the other is told", async () => {
  for (const _round of times(15)) {
    const id = await submitted(deps);
    const [answer, cancelled] = await Promise.all([
      callBack(deps, id, success),
      cancelTask(deps, operator, id).then(
        () => true,
        () => false,
      ),
    ]);
    expect([200, 409]).toContain(answer.status);
    expect(cancelled).toBe(answer.status === 409);
    expect(await expectOneEnd(deps, id)).toBe(cancelled ? "cancelled" : "completed");
  }
});

test("an acknowledgement that is recorded after the callback does not reopen the task", async () => {
  const id = await submitted(deps);
  const seen = await snapshotOf(deps, id);
  expect((await callBack(deps, id, success)).status).toBe(200);
  expect(await acknowledge(deps, seen)).toBe("overtaken");
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "completed", initiatedAt: null, attempts: [{ number: 1, statusCode: 202 }] });
  expect(await expectOneEnd(deps, id)).toBe("completed");
});

test("an acknowledgement that is being recorded while the callback comes: the callback decides", async () => {
  for (const _round of times(15)) {
    const id = await submitted(deps);
    const seen = await snapshotOf(deps, id);
    const [answer] = await Promise.all([callBack(deps, id, success), acknowledge(deps, seen)]);
    expect(answer.status).toBe(200);
    expect(await expectOneEnd(deps, id)).toBe("completed");
    expect((await readTask(deps, id)).attempts).toHaveLength(1);
  }
});

test("a refusal that is recorded while the callback comes: one of them decides", async () => {
  const id = await submitted(deps);
  const seen = await snapshotOf(deps, id);
  await callBack(deps, id, success);
  const attempt = { number: 1, at: timestamp(deps.now()), durationMs: 5, statusCode: 400, error: "no" };
  const outcome = {
    status: "failed",
    error: "no",
    errorCode: "http_400",
    resultUrl: null,
    result: null,
    resultMetadata: null,
  } as const;
  expect(await recordAttempt(deps, seen, attempt, { input: "reject", outcome })).toBe("overtaken");
  expect(await expectOneEnd(deps, id)).toBe("completed");
});

test("a late callback is kept once, however often it comes, and a different one is kept beside it", async () => {
  const id = await submitted(deps);
  await expireAll(deps);
  const answers = await Promise.all(times(5).map(() => callBack(deps, id, success)));
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(410));
  const { lateCallback } = await readTask(deps, id);
  expect(lateCallback).toMatchObject({
    status: "completed",
    resultUrl: success.resultUrl,
    resultMetadata: { title: "A" },
  });
  expect(await keptCallbacks(deps, id)).toEqual([]);

  for (const _again of times(2)) expect((await callBack(deps, id, failure)).status).toBe(410);
  expect((await readTask(deps, id)).lateCallback).toEqual(lateCallback);
  expect(await keptCallbacks(deps, id)).toMatchObject([{ status: "failed", error: failure.error }]);
  expect(await expectOneEnd(deps, id)).toBe("expired");
});

test("two different callbacks that come late at once are both kept", async () => {
  const id = await submitted(deps);
  await expireAll(deps);
  const answers = await Promise.all([callBack(deps, id, success), callBack(deps, id, failure)]);
  expect(answers.map(({ status }) => status)).toEqual([410, 410]);
  const { lateCallback } = await readTask(deps, id);
  const kept = await keptCallbacks(deps, id);
  expect([lateCallback?.status, ...kept.map(({ status }) => status)].toSorted()).toEqual(["completed", "failed"]);
});

test("after the operator resolved with the late callback, the same again is a duplicate", async () => {
  const id = await submitted(deps);
  await expireAll(deps);
  const odd = { ...success, result: [["kept"], { "": 1 }] };
  await callBack(deps, id, odd);
  await resolveTask(deps, operator, id, "late_callback");
  const resolved = await readTask(deps, id);
  expect(resolved).toMatchObject({ status: "completed", resultUrl: success.resultUrl, error: null });

  expect(await callBack(deps, id, odd)).toMatchObject({ status: 200, body: { duplicate: true, status: "completed" } });
  expect((await callBack(deps, id, failure)).status).toBe(409);
  expect(await readTask(deps, id)).toEqual(resolved);
});
