import { readShared } from "../../src/platform/shared-read.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { times } from "../support/task-ends.ts";
import { newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
afterAll(() => db.terminate());

/** A database that notes how many documents each request asks for, and fails the n-th (from 1) where the test says so. */
function watched(failing?: number) {
  const requests: number[] = [];
  const watchedDb = interceptFirestore(db, async (rpc, proceed) => {
    const n = requests.push(rpc.request.documents?.length ?? 0);
    if (n === failing) throw Object.assign(new Error("no"), { code: 7 });
    return await proceed();
  });
  return { db: watchedDb, requests };
}

test("what is asked for while a read is under way shares the next one, and each gets its own", async () => {
  const refs = times(12).map((n) => db.doc(`numbers/${n}`));
  await Promise.all(refs.slice(1).map((ref, n) => ref.set({ n })));
  const { db: on, requests } = watched();
  const [missing, ...rest] = refs;
  if (missing === undefined) throw new Error("there are twelve");
  const [pairs, [none]] = await Promise.all([
    Promise.all(rest.map((ref) => readShared(on, ref, missing))),
    readShared(on, missing),
  ]);
  expect(pairs.map(([one, other]) => [one.get("n"), other.exists])).toEqual(times(11).map((n) => [n, false]));
  expect([none.exists, none.ref.path]).toEqual([false, missing.path]);
  // The client asks once for a document that several want.
  expect(requests).toEqual([2, 11]);
});

test("a read sees what was written before it was asked for, whatever was under way then", async () => {
  const ref = db.doc("numbers/changing");
  await ref.set({ n: 1 });
  const { db: on } = watched();
  const early = readShared(on, ref);
  await ref.set({ n: 2 });
  const [late] = await readShared(on, ref);
  expect(late.get("n")).toBe(2);
  await early;
});

test("a failed read fails those who share it, and no others", async () => {
  const { db: on, requests } = watched(2);
  const ref = db.doc("numbers/0");
  const results = await Promise.allSettled(times(3).map(() => readShared(on, ref)));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  await readShared(on, ref);
  expect(requests).toHaveLength(3);
});
