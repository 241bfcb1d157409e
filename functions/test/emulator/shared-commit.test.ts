import type { DocumentData, DocumentReference, Firestore } from "firebase-admin/firestore";
import { commitShared } from "../../src/platform/shared-commit.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { times } from "../support/task-ends.ts";
import { newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
afterAll(() => db.terminate());

/** A database that notes how many writes each commit has, and does to the n-th (from 1) what the test says. */
function watched(around: (n: number, proceed: () => Promise<unknown>) => Promise<unknown> = (_, proceed) => proceed()) {
  const commits: number[] = [];
  const watchedDb = interceptFirestore(db, (rpc, proceed) => {
    if (rpc.method !== "commit") return proceed();
    return around(commits.push(rpc.request.writes?.length ?? 0), proceed);
  });
  return { db: watchedDb, commits };
}

const newRef = () => db.collection("things").doc();
const create = (on: Firestore, ref: DocumentReference, data: DocumentData = {}, bytes = 100) =>
  commitShared(on, { about: ref.path, bytes, addTo: (batch) => batch.create(ref, data) });
const update = (on: Firestore, ref: DocumentReference, data: DocumentData) =>
  commitShared(on, { about: ref.path, bytes: 100, addTo: (batch) => batch.update(ref, data) });
const exists = async (refs: readonly DocumentReference[]) => (await db.getAll(...refs)).map((found) => found.exists);
const codesOf = async (all: readonly Promise<void>[]) =>
  (await Promise.allSettled(all)).map((one) => (one.status === "fulfilled" ? "done" : one.reason.code));

/** What a test lets go when it wants to. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test("a lone one is committed at once, one after the other if they come so", async () => {
  const { db: on, commits } = watched();
  for (const ref of [newRef(), newRef(), newRef()]) await create(on, ref);
  expect(commits).toEqual([1, 1, 1]);
});

test("what comes while a commit is under way shares the next one, and each is done when it is", async () => {
  const { db: on, commits } = watched();
  const refs = times(21).map(newRef);
  await Promise.all(refs.map((ref) => create(on, ref)));
  expect(commits).toEqual([1, 20]);
  expect(await exists(refs)).toEqual(Array(21).fill(true));
});

test("nobody is told before their own commit is through, and nobody waits for a later one", async () => {
  const { opened, open } = gate();
  const { db: on, commits } = watched(async (n, proceed) => {
    if (n === 2) await opened;
    return await proceed();
  });
  const done: string[] = [];
  const first = create(on, newRef()).then(() => done.push("first"));
  const second = create(on, newRef()).then(() => done.push("second"));
  await first;
  expect([done, commits.length]).toEqual([["first"], 2]);
  open();
  await second;
  expect(done).toEqual(["first", "second"]);
});

test("of a group of which some are refused, each gets its own outcome, and the others are done", async () => {
  const { db: on, commits } = watched();
  const [first, taken, missing, fresh, also] = [newRef(), newRef(), newRef(), newRef(), newRef()];
  await taken.set({ kept: true });
  const all = [
    create(on, first),
    create(on, taken),
    update(on, missing, { n: 1 }),
    create(on, fresh),
    update(on, also, { n: 1 }),
  ];
  expect(await codesOf(all)).toEqual(["done", 6, 5, "done", 5]);
  expect(commits).toEqual([1, 4, 1, 1, 1, 1]);
  expect(await exists([first, taken, missing, fresh, also])).toEqual([true, true, false, true, false]);
  expect((await taken.get()).data()).toEqual({ kept: true });
});

test("a precondition that fails is one's own matter, too", async () => {
  const { db: on } = watched();
  const ref = newRef();
  const { writeTime } = await ref.set({ n: 1 });
  await ref.update({ n: 2 });
  const others = [newRef(), newRef()];
  const stale = () =>
    commitShared(on, {
      about: ref.path,
      bytes: 100,
      addTo: (batch) => batch.update(ref, { n: 3 }, { lastUpdateTime: writeTime }),
    });
  expect(await codesOf([create(on, newRef()), ...others.map((other) => create(on, other)), stale()])).toEqual([
    "done",
    "done",
    "done",
    9,
  ]);
  expect([await exists(others), (await ref.get()).get("n")]).toEqual([[true, true], 2]);
});

test("what the client itself refuses takes nobody with it", async () => {
  const { db: on } = watched();
  const others = [newRef(), newRef(), newRef()];
  const [first, ...rest] = others.map((ref) => create(on, ref));
  const wrong = create(on, newRef(), { value: () => {} });
  const results = await Promise.allSettled([first, wrong, ...rest]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(await exists(others)).toEqual([true, true, true]);
});

test("where nobody knows what became of a shared commit, each fails with that, and none is tried again", async () => {
  const lost = Object.assign(new Error("the connection broke"), { code: 14 });
  const { db: on, commits } = watched(async (n, proceed) => {
    const answer = await proceed();
    if (n === 2) throw lost;
    return answer;
  });
  const refs = times(4).map(newRef);
  const results = await Promise.allSettled(refs.map((ref) => create(on, ref)));
  expect(results.map((one) => (one.status === "rejected" ? one.reason : "done"))).toEqual(["done", lost, lost, lost]);
  expect(commits).toEqual([1, 3]);
  // It took effect, as each finds that tries again, by itself and with what comes then.
  expect(await exists(refs)).toEqual(Array(4).fill(true));
  expect(await codesOf([create(on, newRef()), ...refs.map((ref) => create(on, ref))])).toEqual(["done", 6, 6, 6, 6]);
});

test("several about the same thing: the first goes first, and none of them spoils a group", async () => {
  const { db: on, commits } = watched();
  const [contested, ...others] = times(6).map(newRef);
  if (contested === undefined) throw new Error("there are six");
  const head = create(on, newRef());
  const rivals = times(5).map((n) => create(on, contested, { n }));
  const bystanders = others.map((ref) => create(on, ref));
  expect(await codesOf([head, ...rivals, ...bystanders])).toEqual([
    "done",
    "done",
    6,
    6,
    6,
    6,
    ...Array(5).fill("done"),
  ]);
  expect((await contested.get()).get("n")).toBe(0);
  // The one before, all but four together, and those four alone.
  expect(commits).toEqual([1, 6, 1, 1, 1, 1]);
});

test("a commit stays below what Firestore takes, by number and by size", async () => {
  const { db: on, commits } = watched();
  await Promise.all(times(301).map(() => create(on, newRef())));
  expect(commits).toEqual([1, 128, 128, 44]);

  const large = watched();
  const text = "x".repeat(900_000);
  await Promise.all(times(7).map(() => create(large.db, newRef(), { text }, text.length)));
  expect(large.commits).toEqual([1, 2, 2, 2]);
});

test("a commit that hangs holds up nobody but those who share it", async () => {
  const { opened, open } = gate();
  const { db: on, commits } = watched(async (n, proceed) => {
    if (n === 1) await opened;
    return await proceed();
  });
  const hanging = create(on, newRef());
  await create(on, newRef());
  await create(on, newRef());
  expect(commits).toEqual([1, 1, 1]);
  open();
  await hanging;
  await create(on, newRef());
  expect(commits).toHaveLength(4);
});
