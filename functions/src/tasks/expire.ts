import {
  type DocumentData,
  FieldValue,
  type Query,
  type QueryDocumentSnapshot,
  type UpdateData,
} from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { messageOf } from "../domain/errors.ts";
import { expired, type Outcome } from "../domain/outcome.ts";
import { isFinal } from "../domain/task-state.ts";
import { alreadyExists, failedPrecondition, hasCode, notFound } from "../platform/firestore.ts";
import { outcomeRef, type PendingWebhook, pendingWebhooks, readPendingWebhook } from "./pending-webhook.ts";
import { settlingWrites } from "./settle.ts";
import { pendingSweepAt, sweepShards } from "./sweep-index.ts";

/** What one run of the sweep did. `finished` is false where it stopped for lack of time; the next run goes on. */
export interface SweepReport {
  readonly expired: number;
  readonly rescued: number;
  /** Settled or changed by somebody else between being found and being written. */
  readonly overtaken: number;
  /** Could not be written, for what is in them; each is an error in the log. */
  readonly failed: number;
  readonly finished: boolean;
}

/** What one query may bring, as a stream: few, as the emulator, which has no index, looks through the whole collection for each. */
const usualPageSize = 10_000;
/** Expiring a task is two writes, and a commit takes 500. */
export const commitSize = 250;
export const shardsAtOnce = 4;
/** What of a task the sweep looks at: unpacking a document whole takes longer than everything else that is done with it. */
const judgedBy = [
  "status",
  "expiresAt",
  "createdAt",
  "timeoutSeconds",
  "heartbeatSeconds",
  "progress",
  "attempts",
  "nextAttemptAt",
  "rescues",
  "eventPrefix",
  "sweepAt",
] as const satisfies readonly (keyof PendingWebhook)[];

/**
 * Looks through everything that is due, whatever the number: expires what nobody called back about, and asks again for
 * outbound calls that got lost. Every write holds only if the task is as it was found, so that what was completed
 * meanwhile is not touched. Stops at `deadline` (milliseconds since 1970). Throws what the database failed with, after
 * every shard had its turn.
 */
export async function expirePendingWebhooks(
  deps: Deps,
  deadline: number,
  pageSize = usualPageSize,
): Promise<SweepReport> {
  const total = { expired: 0, rescued: 0, overtaken: 0, failed: 0, finished: true };
  const failures: unknown[] = [];
  const shards = Array.from({ length: sweepShards }, (_, shard) => shard);
  const worker = async () => {
    for (let shard = shards.shift(); shard !== undefined; shard = shards.shift()) {
      try {
        const { finished, ...counts } = await sweepShard(deps, shard, deadline, pageSize);
        for (const swept of sweptKinds) total[swept] += counts[swept];
        total.finished &&= finished;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: shardsAtOnce }, worker));
  deps.log.info("expire: done", { ...total, failedShards: failures.length });
  if (failures.length > 0) throw failures[0];
  return total;
}

async function sweepShard(deps: Deps, shard: number, deadline: number, pageSize: number): Promise<SweepReport> {
  const report = { expired: 0, rescued: 0, overtaken: 0, failed: 0, finished: true };
  const due = pendingWebhooks(deps.db)
    .where("sweepShard", "==", shard)
    .where("sweepAt", "<=", deps.now())
    .orderBy("sweepAt")
    .select(...judgedBy)
    .limit(pageSize);
  let page: Query = due;
  for (;;) {
    if (deps.now() >= deadline) return { ...report, finished: false };
    let found = 0;
    let last: QueryDocumentSnapshot | undefined;
    for await (const docs of inParts(page.stream(), commitSize)) {
      if (deps.now() >= deadline) return { ...report, finished: false };
      for (const swept of await write(deps, docs)) report[swept] += 1;
      found += docs.length;
      last = docs.at(-1);
    }
    if (last === undefined || found < pageSize) return report;
    // After the last one, not from the start again: a document that cannot be written must not stop the sweep.
    page = due.startAfter(last);
  }
}

async function* inParts(stream: NodeJS.ReadableStream, size: number): AsyncGenerator<QueryDocumentSnapshot[]> {
  let part: QueryDocumentSnapshot[] = [];
  for await (const document of stream as AsyncIterable<QueryDocumentSnapshot>) {
    part.push(document);
    if (part.length < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

const sweptKinds = ["expired", "rescued", "overtaken", "failed"] as const;
type Swept = (typeof sweptKinds)[number];

/** One commit; where that fails for one document, it is halved until that one goes alone. */
async function write(deps: Deps, docs: readonly QueryDocumentSnapshot[]): Promise<Swept[]> {
  try {
    return await commitAll(deps, docs);
  } catch (error) {
    const changed = hasCode(error, alreadyExists, failedPrecondition, notFound);
    if (!changed && !isAboutContent(error)) throw error;
    const [first, ...others] = docs;
    if (first !== undefined && others.length === 0) {
      if (changed) return ["overtaken"];
      deps.log.error("expire: a task cannot be written", { correlationId: first.id, reason: messageOf(error) });
      return ["failed"];
    }
  }
  const middle = Math.ceil(docs.length / 2);
  return [...(await write(deps, docs.slice(0, middle))), ...(await write(deps, docs.slice(middle)))];
}

/** INVALID_ARGUMENT, such as a document that is full; or no answer of the database's at all: a field that we cannot read. */
function isAboutContent(error: unknown): boolean {
  return hasCode(error, 3) || error === null || typeof error !== "object" || !("code" in error);
}

async function commitAll(deps: Deps, docs: readonly QueryDocumentSnapshot[]): Promise<Swept[]> {
  const now = deps.now();
  const batch = deps.db.batch();
  const done = docs.map((snapshot): Swept => {
    const task = readPendingWebhook(snapshot.data());
    const precondition = { lastUpdateTime: snapshot.updateTime };
    if (!isFinal(task.status) && task.expiresAt <= now) {
      const writes = settlingWrites({
        correlationId: snapshot.id,
        outcome: expiry(task),
        eventPrefix: task.eventPrefix,
        createdAt: task.createdAt.toMillis(),
        now,
        retentionMs: deps.config.taskRetentionMs,
      });
      batch.create(outcomeRef(deps.db, snapshot.id), writes.outcome);
      batch.update(snapshot.ref, writes.update, precondition);
      return "expired";
    }
    const { update, swept } = stillOpen(task, now);
    batch.update(snapshot.ref, update, precondition);
    return swept;
  });
  await batch.commit();
  return done;
}

/** A service that showed signs of life was waited for since the last of them. */
function expiry(task: PendingWebhook): Outcome {
  const { heartbeatSeconds, progress, timeoutSeconds, attempts, status } = task;
  const waitedSeconds = heartbeatSeconds === null || progress === null ? timeoutSeconds : heartbeatSeconds;
  return expired(waitedSeconds, status === "initiated" ? Math.max(1, attempts.length) : attempts.length);
}

/** A pending task whose call is overdue is asked for again, by way of the trigger; any other is looked at later, or never. */
function stillOpen(task: PendingWebhook, now: number): { update: UpdateData<DocumentData>; swept: Swept } {
  if (isFinal(task.status)) {
    return { update: { sweepShard: FieldValue.delete(), sweepAt: FieldValue.delete() }, swept: "overtaken" };
  }
  if (task.status !== "pending") return { update: { sweepAt: task.expiresAt }, swept: "overtaken" };
  const rescues = task.rescues + 1;
  const sweepAt = pendingSweepAt({ expiresAt: task.expiresAt, nextAttemptAt: now, rescues });
  return { update: { rescues, sweepAt }, swept: "rescued" };
}
