import type { Firestore, WriteBatch } from "firebase-admin/firestore";
import { aborted, alreadyExists, failedPrecondition, hasCode, invalidArgument, notFound } from "./firestore.ts";

/** A few writes that take effect together or not at all. */
export interface Changes {
  /** What they are about, the path of a document for instance: a commit holds one of each. */
  readonly about: string;
  /** Their size as JSON, about. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Adds the writes, at most five, to a batch. Called once more where they have to go alone. */
  addTo(batch: WriteBatch): void;
}

interface Member {
  readonly changes: Changes;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly db: Firestore;
  waiting: Member[];
  /** What waits or is under way, by what it is about. */
  readonly open: Map<string, Promise<void>>;
  /** When the last of the commits that are under way began; undefined where none is. */
  busySince: number | undefined;
  underWay: number;
}

/** Firestore takes 500 writes in a commit. */
const maxMembers = 100;
/** It takes 10 MiB, in its own encoding, which is at most four times as long as JSON. */
const maxBytes = 2 * 1_024 * 1_024;
/** A commit that takes longer does not hold up the others any more. */
const patienceMs = 2_000;

const lanes = new WeakMap<Firestore, Lane>();

/**
 * Commits the changes: by themselves where nothing else is under way in this process, and otherwise together with what comes
 * until that is done. A commit costs a round trip whatever is in it, so that under load many share what one of them would
 * cost, and a lone one waits for nothing. (Databases call it group commit.)
 *
 * Sharing shows in nothing but the time. Where a shared commit is refused for what one of them holds, each goes alone, and
 * fails or not by itself; where it is not known what became of it, each fails with that. Where several are about the same thing,
 * the first goes first, and the others alone.
 * Throws what Firestore throws.
 */
export async function commitShared(db: Firestore, changes: Changes): Promise<void> {
  const lane = laneOf(db);
  const earlier = lane.open.get(changes.about);
  if (earlier !== undefined) {
    // Whatever became of that one, this one is no company for others: most likely it will be refused.
    await earlier.catch(() => {});
    return await commitTogether(db, [changes]);
  }
  const done = new Promise<void>((resolve, reject) => {
    lane.waiting.push({ changes, resolve, reject });
  });
  lane.open.set(changes.about, done);
  const { busySince } = lane;
  if (busySince === undefined || changes.now - busySince > patienceMs) void work(lane);
  try {
    await done;
  } finally {
    lane.open.delete(changes.about);
  }
}

function laneOf(db: Firestore): Lane {
  const known = lanes.get(db);
  if (known !== undefined) return known;
  const lane: Lane = { db, waiting: [], open: new Map(), busySince: undefined, underWay: 0 };
  lanes.set(db, lane);
  return lane;
}

/** Commits what waits, and what comes meanwhile. Never throws. */
async function work(lane: Lane): Promise<void> {
  lane.underWay += 1;
  for (let group = takeGroup(lane); group.length > 0; group = takeGroup(lane)) {
    lane.busySince = Math.max(...group.map(({ changes }) => changes.now));
    await settleGroup(lane.db, group);
  }
  lane.underWay -= 1;
  if (lane.underWay === 0) lane.busySince = undefined;
}

function takeGroup(lane: Lane): Member[] {
  let bytes = 0;
  let count = 0;
  for (const { changes } of lane.waiting) {
    bytes += changes.bytes;
    if (count === maxMembers || (count > 0 && bytes > maxBytes)) break;
    count += 1;
  }
  return lane.waiting.splice(0, count);
}

async function settleGroup(db: Firestore, group: readonly Member[]): Promise<void> {
  try {
    await commitTogether(
      db,
      group.map(({ changes }) => changes),
    );
    for (const { resolve } of group) resolve();
  } catch (error) {
    if (group.length > 1 && isRefusal(error)) await Promise.all(group.map((member) => settleGroup(db, [member])));
    else for (const { reject } of group) reject(error);
  }
}

async function commitTogether(db: Firestore, all: readonly Changes[]): Promise<void> {
  const batch = db.batch();
  for (const changes of all) changes.addTo(batch);
  await batch.commit();
}

/** Whether nothing of the commit took effect, for what is in it: the database said so, or the client did not even send it. */
function isRefusal(error: unknown): boolean {
  if (hasCode(error, alreadyExists, notFound, failedPrecondition, invalidArgument, aborted)) return true;
  return error === null || typeof error !== "object" || !("code" in error);
}
