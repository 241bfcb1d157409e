import { FieldPath, type Firestore, type Query, type Timestamp } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { isDocumentId } from "../domain/document-id.ts";
import { BoomerangError } from "../domain/errors.ts";
import { failedPrecondition, hasCode, timestamp } from "../platform/firestore.ts";
import { tooEarly } from "../platform/queue.ts";
import { type Delivery, deliveries } from "./delivery.ts";
import { enqueueAttempt } from "./publish.ts";
import { beginRound, nextOrder } from "./requeue.ts";

/** `replays/{id}`: a time range of a webhook's deliveries on its way once more. */
export interface Replay {
  readonly id: string;
  readonly ownerId: string;
  readonly webhookId: string;
  readonly since: Timestamp;
  readonly until: Timestamp;
  /** Only the dead ones, or all. */
  readonly status: "dead" | "all";
  readonly state: "running" | "done";
  /** How many there were at the start. */
  readonly total: number;
  /** How many were looked at, and how many of them sent again. */
  readonly processed: number;
  readonly replayed: number;
  readonly page: number;
  /** When the next page is due, milliseconds since 1970. */
  readonly nextPageAt: number;
  /** The last delivery that was looked at. */
  readonly cursor: { readonly createdAt: Timestamp; readonly id: string } | null;
  readonly createdAt: Timestamp;
  readonly completedAt: Timestamp | null;
  readonly purgeAt: Timestamp;
}

export interface ReplayOrder {
  readonly replayId: string;
  readonly page: number;
}

const pageSize = 25;
/** Clocks of two machines differ by a little. */
const earlyToleranceMs = 250;
/** A subscriber gets five a second at most. */
const intervalMs = 200;
const startDelayMs = 1_000;

export function replays(db: Firestore) {
  return db.collection("replays");
}

/** Stores a replay and starts it. Queued before it is stored, so that what is stored runs. Times are milliseconds since 1970. */
export async function startReplay(
  deps: Deps,
  webhook: { readonly id: string; readonly ownerId: string },
  range: { readonly since: number; readonly until: number; readonly status: "dead" | "all" },
): Promise<Replay> {
  const id = deps.newId();
  const now = deps.now();
  const base = {
    id,
    ownerId: webhook.ownerId,
    webhookId: webhook.id,
    since: timestamp(range.since),
    until: timestamp(range.until),
    status: range.status,
  };
  const total = (await inRange(deps, base).count().get()).data().count;
  const replay: Replay = {
    ...base,
    state: "running",
    total,
    processed: 0,
    replayed: 0,
    page: 0,
    nextPageAt: now + startDelayMs,
    cursor: null,
    createdAt: timestamp(now),
    completedAt: null,
    purgeAt: timestamp(now + deps.config.taskRetentionMs),
  };
  await enqueuePage(deps, { replayId: id, page: 0 }, replay.nextPageAt);
  await replays(deps.db).doc(id).create(replay);
  return replay;
}

/**
 * Sends one page again and queues the next. A crash in the middle runs the page again: what it has sent on its way already is
 * found as such, and has its name in the queue. Throws a retryable error where the order came too early.
 */
export async function replayPage(deps: Deps, order: ReplayOrder): Promise<void> {
  const ref = replays(deps.db).doc(order.replayId);
  const snapshot = await ref.get();
  const replay = snapshot.data() as Replay | undefined;
  if (replay === undefined || replay.page < order.page) throw tooEarly(startDelayMs);
  if (replay.state === "done" || replay.page > order.page) return;
  const start = deps.now();
  if (replay.nextPageAt - start > earlyToleranceMs) throw tooEarly(replay.nextPageAt - start);

  const { docs } = await pageOf(deps, replay).get();
  for (const [index, doc] of docs.entries()) {
    const delivery = doc.data() as Delivery;
    const runAt = start + index * intervalMs;
    const again = `-replay-${replay.id}`;
    const begun = delivery.replayId === replay.id;
    const pending = delivery.status === "pending";
    if (begun && pending) await enqueueAttempt(deps, nextOrder(delivery), runAt, again);
    if (!begun && !pending) await beginRound(deps, doc, runAt, again, replay.id);
  }
  const last = docs.at(-1)?.data() as Delivery | undefined;
  const done = docs.length < pageSize;
  const next = { replayId: replay.id, page: replay.page + 1 };
  const nextPageAt = start + pageSize * intervalMs;
  if (!done) await enqueuePage(deps, next, nextPageAt);
  // Counted, not added up: what a run before this one has sent again is not dead any more, and not on this page.
  const sent = deliveries(deps.db).where("replayId", "==", replay.id);
  const replayed = (await sent.count().get()).data().count;
  const changes = {
    page: next.page,
    nextPageAt,
    processed: replay.status === "dead" ? replayed : replay.processed + docs.length,
    replayed,
    ...(last === undefined ? {} : { cursor: { createdAt: last.createdAt, id: last.id } }),
    ...(done ? { state: "done", completedAt: timestamp(deps.now()) } : {}),
  };
  try {
    await ref.update(changes, snapshot.updateTime === undefined ? {} : { lastUpdateTime: snapshot.updateTime });
  } catch (error) {
    // Another run of the same order was faster.
    if (!hasCode(error, failedPrecondition)) throw error;
  }
}

function pageOf(deps: Deps, replay: Replay): Query {
  const query = inRange(deps, replay).orderBy("createdAt").orderBy(FieldPath.documentId()).limit(pageSize);
  return replay.cursor === null ? query : query.startAfter(replay.cursor.createdAt, replay.cursor.id);
}

function inRange(
  deps: Deps,
  { webhookId, since, until, status }: Pick<Replay, "webhookId" | "since" | "until" | "status">,
) {
  const all = deliveries(deps.db)
    .where("webhookId", "==", webhookId)
    .where("createdAt", ">=", since)
    .where("createdAt", "<", until);
  return status === "dead" ? all.where("status", "==", "dead") : all;
}

async function enqueuePage(deps: Deps, order: ReplayOrder, runAt: number): Promise<void> {
  await deps.enqueue({
    queue: "deliverWebhook",
    id: `replay-${order.replayId}-${order.page}`,
    data: { replay: order },
    runAt,
  });
}

/** How far a replay is. Throws `replay_not_found` (404), also where it is another webhook's. */
export async function findReplay(deps: Deps, webhookId: string, id: string): Promise<Replay> {
  const replay = isDocumentId(id) ? ((await replays(deps.db).doc(id).get()).data() as Replay | undefined) : undefined;
  if (replay?.webhookId === webhookId) return replay;
  throw new BoomerangError("replay_not_found", `There is no replay "${id.slice(0, 100)}".`, { status: 404 });
}
