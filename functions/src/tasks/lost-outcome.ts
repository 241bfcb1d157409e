import type { DocumentSnapshot, Precondition } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { type Outcome, outcomeDigest } from "../domain/outcome.ts";
import { toStorable } from "../domain/storable.ts";
import { transition } from "../domain/task-state.ts";
import { timestamp } from "../platform/firestore.ts";
import { outcomeRef, pendingWebhookRef, readPendingWebhook, type StoredOutcome } from "./pending-webhook.ts";
import { untilUncontended } from "./until-uncontended.ts";

export interface DuplicateAnswer {
  readonly received: true;
  readonly duplicate: true;
  readonly status: string;
}

/** A service that holds a valid token could send contradictions without end. */
const maxConflicts = 20;

/**
 * An outcome that came after the task had one: the same again is a duplicate, and answered; one after expiry is kept in
 * `lateCallback` (410), and any other below `callbacks/` (409), both for the operator. Nothing is lost.
 * @param now milliseconds since 1970.
 */
export async function keepLostOutcome(
  deps: Deps,
  correlationId: string,
  outcome: Outcome,
  now: number,
): Promise<DuplicateAnswer> {
  const digest = outcomeDigest(outcome);
  const taskRef = pendingWebhookRef(deps.db, correlationId);
  const decidedRef = outcomeRef(deps.db, correlationId);
  const callbackRef = taskRef.collection("callbacks").doc(digest);
  const lost = await untilUncontended(async () => {
    const [taskSnapshot, decidedSnapshot, keptSnapshot] = await deps.db.getAll(taskRef, decidedRef, callbackRef);
    const data = taskSnapshot?.data();
    const decided = decidedSnapshot?.data() as StoredOutcome | undefined;
    if (data === undefined || decided === undefined) throw vanished(correlationId);
    const task = readPendingWebhook(data);
    if (decided.digest === digest) return { kind: "duplicate", status: task.status } as const;

    const step = transition(task.status, outcome.status === "completed" ? "succeed" : "fail");
    const late = step.kind === "refuse" && step.reason === "too_late";
    const kept = { ...storable(outcome), receivedAt: timestamp(now) };
    const isTheLateOne = late && (task.lateCallback === null || sameOutcome(task.lateCallback, kept));
    const batch = deps.db.batch();
    if (late && task.lateCallback === null) {
      batch.update(taskRef, { lateCallback: kept }, unchangedSince(taskSnapshot));
      await batch.commit();
    } else if (!isTheLateOne && keptSnapshot?.exists === false && decided.conflicts < maxConflicts) {
      batch.create(callbackRef, { ...kept, purgeAt: decided.purgeAt });
      batch.update(decidedRef, { conflicts: decided.conflicts + 1 }, unchangedSince(decidedSnapshot));
      await batch.commit();
    }
    return { kind: late ? "late" : "conflict", status: task.status } as const;
  });
  deps.log.warn(`callback: ${lost.kind}`, { correlationId, status: lost.status, reported: outcome.status });
  if (lost.kind === "duplicate") return { received: true, duplicate: true, status: lost.status };
  if (lost.kind === "late") {
    const message = "The task had expired. Your callback is kept, and an operator can still accept it.";
    throw new BoomerangError("too_late", message, { status: 410 });
  }
  const message = `The task is ${lost.status} already. Your callback says otherwise; it is kept for the operator.`;
  throw new BoomerangError("conflict", message, { status: 409 });
}

function unchangedSince(snapshot: DocumentSnapshot | undefined): Precondition {
  return snapshot?.updateTime === undefined ? {} : { lastUpdateTime: snapshot.updateTime };
}

function storable(outcome: Outcome) {
  return { ...outcome, result: toStorable(outcome.result), resultMetadata: toStorable(outcome.resultMetadata) };
}

function sameOutcome(a: Outcome, b: Outcome): boolean {
  return outcomeDigest(a) === outcomeDigest(b);
}

/** The outcome existed a moment ago; its time to live ended between the two looks. */
function vanished(correlationId: string): BoomerangError {
  return new BoomerangError("unknown_task", `There is no task "${correlationId}".`, { status: 404 });
}
