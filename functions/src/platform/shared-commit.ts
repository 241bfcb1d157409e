import type { Firestore, WriteBatch } from "firebase-admin/firestore";
import { aborted, alreadyExists, failedPrecondition, hasCode, invalidArgument, notFound } from "./firestore.ts";
import { gather } from "./gathering.ts";

/** A few writes that take effect together or not at all. */
export interface Changes {
  /** What they are about, the path of a document for instance: a commit holds one of each. */
  readonly about: string;
  /** Their size as JSON, about. */
  readonly bytes: number;
  /** Adds the writes, at most three, to a batch. Called once more where they have to go alone. */
  addTo(batch: WriteBatch): void;
}

interface Member {
  readonly changes: Changes;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Firestore takes 500 writes in a commit. A power of two, so that shares add up to exactly 1. */
const maxMembers = 128;
/** It takes 10 MiB, in its own encoding, which is at most four times as long as JSON. */
const maxBytes = 2 * 1_024 * 1_024;

/**
 * Commits the changes: by themselves where no other commit is under way in this process, and otherwise together with what comes
 * until that is done. A commit costs a round trip whatever is in it, so that under load many share what one of them would cost,
 * and a lone one waits for nothing. (Databases call it group commit.)
 *
 * Sharing shows in nothing but the time. Where a shared commit is refused for what one of them holds, each goes alone, and
 * fails or not by itself; where it is not known what became of it, each fails with that. Where several are about the same thing,
 * the first goes first, and the others alone.
 * Throws what Firestore throws.
 */
export async function commitShared(db: Firestore, changes: Changes): Promise<void> {
  const lane = lanes.get(db) ?? openLane(db);
  const earlier = lane.open.get(changes.about);
  if (earlier !== undefined) {
    // Whatever became of that one, this one is no company for others: most likely it will be refused.
    await earlier.catch(() => {});
    return await commitTogether(db, [changes]);
  }
  const done = new Promise<void>((resolve, reject) => lane.add({ changes, resolve, reject }));
  lane.open.set(changes.about, done);
  try {
    await done;
  } finally {
    lane.open.delete(changes.about);
  }
}

interface Lane {
  readonly add: (member: Member) => void;
  /** What waits or is under way, by what it is about. */
  readonly open: Map<string, Promise<void>>;
}

const lanes = new WeakMap<Firestore, Lane>();

function openLane(db: Firestore): Lane {
  const add = gather<Member>({
    share: ({ changes }) => Math.max(1 / maxMembers, changes.bytes / maxBytes),
    go: (group) => commitGroup(db, group),
  });
  const lane: Lane = { add, open: new Map() };
  lanes.set(db, lane);
  return lane;
}

async function commitGroup(db: Firestore, group: readonly Member[]): Promise<void> {
  try {
    const all = group.map(({ changes }) => changes);
    await commitTogether(db, all);
    for (const { resolve } of group) resolve();
  } catch (error) {
    if (group.length > 1 && isRefusal(error)) await Promise.all(group.map((member) => commitGroup(db, [member])));
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
