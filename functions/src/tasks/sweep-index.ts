import { createHash } from "node:crypto";

/**
 * Open tasks, and only they, carry `sweepShard` and `sweepAt`. The composite index over both is all that the sweep reads;
 * a finished task leaves it. The shards spread the writes of an index that only ever grows at one end, which Firestore
 * otherwise limits to about 500 a second (firebase.google.com/docs/firestore/best-practices, hot spots).
 */
export const sweepShards = 16;

/**
 * A pending task whose call is not recorded by then has lost its place in the queue: longer than a call may take, so that
 * one that is under way (90 s at most) is not made a second time.
 */
const rescueAfterMs = 120_000;
const maxRescueDoublings = 10;

/** The shard of a task: always the same for the same correlation id. */
export function sweepShardOf(correlationId: string): number {
  return createHash("sha256").update(correlationId).digest().readUInt8(0) % sweepShards;
}

/**
 * When the sweep must look at a pending task: at its deadline, or earlier, when its outbound call is overdue.
 * Each rescue doubles the patience, so that a long queue is not made longer. All times in milliseconds since 1970.
 */
export function pendingSweepAt(task: { expiresAt: number; nextAttemptAt: number; rescues: number }): number {
  const patience = rescueAfterMs * 2 ** Math.min(task.rescues, maxRescueDoublings);
  return Math.min(task.expiresAt, task.nextAttemptAt + patience);
}
