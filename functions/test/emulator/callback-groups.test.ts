import { callBack } from "../support/callbacks.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { expectOneEnd, expireAll, failure, progress, success, times } from "../support/task-ends.ts";
import { readTask, submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
afterAll(() => db.terminate());

/** Deps that note how many writes each commit has. */
function watchedDeps() {
  const commits: number[] = [];
  const watched = interceptFirestore(db, (rpc, proceed) => {
    if (rpc.method === "commit") commits.push(rpc.request.writes?.length ?? 0);
    return proceed();
  });
  return { deps: createTestDeps(watched), commits };
}

test("callbacks that come together share a commit, and each task ends once", async () => {
  const { deps, commits } = watchedDeps();
  const ids = await Promise.all(times(30).map(() => submitted(deps)));
  commits.length = 0;
  const answers = await Promise.all(ids.map((id) => callBack(deps, id, success)));
  expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
  expect(commits).toEqual([2, 58]);
  for (const id of ids) expect(await expectOneEnd(deps, id)).toBe("completed");
});

test("among callbacks that come together, each is answered by itself: taken, duplicate, conflict, late, unknown", async () => {
  const { deps, commits } = watchedDeps();
  const [late] = await Promise.all([submitted(deps)]);
  await expireAll(deps);
  const [done, ...fresh] = await Promise.all(times(7).map(() => submitted(deps)));
  if (done === undefined) throw new Error("there are seven");
  await callBack(deps, done, success);
  const [first, twice, contested, ...others] = fresh as [string, string, string, ...string[]];
  commits.length = 0;
  const answers = await Promise.all([
    callBack(deps, first, success),
    callBack(deps, done, success),
    callBack(deps, done, failure),
    callBack(deps, late, success),
    callBack(deps, deps.newId(), success),
    callBack(deps, twice, success),
    callBack(deps, twice, success),
    callBack(deps, contested, success),
    callBack(deps, contested, failure),
    ...others.map((id) => callBack(deps, id, failure)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 409, 410, 404, 200, 200, 200, 409, 200, 200, 200]);
  const bodies = answers.map(({ body }) => body);
  expect([bodies[0], bodies[5], bodies[9]]).toEqual([
    { received: true, status: "completed" },
    { received: true, status: "completed" },
    { received: true, status: "failed" },
  ]);
  for (const n of [1, 6]) expect(bodies[n]).toMatchObject({ duplicate: true, status: "completed" });
  // They did meet: a test of this proves nothing where each went alone from the start.
  expect(Math.max(...commits)).toBeGreaterThan(2);
  for (const id of [first, twice, contested, done]) expect(await expectOneEnd(deps, id)).toBe("completed");
  for (const id of others) expect(await expectOneEnd(deps, id)).toBe("failed");
  expect(await expectOneEnd(deps, late)).toBe("expired");
  expect((await readTask(deps, late)).lateCallback).toMatchObject({ resultUrl: success.resultUrl });
});

test("progress and outcomes meet in one commit, and neither goes backwards", async () => {
  const { deps, commits } = watchedDeps();
  const ids = await Promise.all(times(10).map(() => submitted(deps)));
  commits.length = 0;
  const reports = ids.map((id, n) => callBack(deps, id, n % 2 === 0 ? success : progress(0.5)));
  expect((await Promise.all(reports)).map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(Math.max(...commits)).toBeGreaterThan(2);
  for (const [n, id] of ids.entries()) {
    if (n % 2 === 0) expect(await expectOneEnd(deps, id)).toBe("completed");
    else expect(await readTask(deps, id)).toMatchObject({ status: "initiated", progress: 0.5 });
  }
});

test("a shared commit of which nobody knows what became is a 503 for each, and the repetition a duplicate", async () => {
  let lost = true;
  const breaking = interceptFirestore(db, async (rpc, proceed) => {
    const answer = await proceed();
    if (lost && rpc.method === "commit" && rpc.request.writes?.length === 8) {
      lost = false;
      throw Object.assign(new Error("the connection broke"), { code: 14 });
    }
    return answer;
  });
  const deps = createTestDeps(breaking);
  const ids = await Promise.all(times(5).map(() => submitted(deps)));
  const [first, ...shared] = await Promise.all(ids.map((id) => callBack(deps, id, success)));
  expect([first?.status, ...shared.map(({ status }) => status)]).toEqual([200, 503, 503, 503, 503]);
  const again = await Promise.all(ids.map((id) => callBack(deps, id, success)));
  expect(again.map(({ status, body }) => [status, "duplicate" in body])).toEqual(Array(5).fill([200, true]));
  for (const id of ids) expect(await expectOneEnd(deps, id)).toBe("completed");
});
