import { type DocumentData, type DocumentSnapshot, FieldValue, type UpdateData } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { startedEvent } from "../domain/events.ts";
import type { Outcome } from "../domain/outcome.ts";
import { transition } from "../domain/task-state.ts";
import { failedPrecondition, hasCode, timestamp } from "../platform/firestore.ts";
import { commitShared } from "../platform/shared-commit.ts";
import type { Acknowledgement } from "../providers/provider.ts";
import { type Attempt, type PendingWebhook, readPendingWebhook } from "./pending-webhook.ts";
import { settle } from "./settle.ts";
import { pendingSweepAt } from "./sweep-index.ts";

/** What an outbound call came to. */
export type Verdict =
  | { readonly input: "acknowledge"; readonly acknowledgement: Acknowledgement }
  | { readonly input: "attempt_failed"; readonly nextAttemptAt: number }
  | { readonly input: "reject" | "succeed" | "fail"; readonly outcome: Outcome };

/** So many writers at once on one task are not contention but a fault. */
const maxRounds = 10;

/** The number of the call that is due next, from 1. */
export function nextAttemptNumber(task: Pick<PendingWebhook, "attempts">): number {
  return 1 + Math.max(0, ...task.attempts.map((attempt) => attempt.number));
}

/**
 * Records an outbound call and what follows from it, in one commit that holds only if the task is as it was read;
 * otherwise it reads again and asks the state machine anew. So it never overwrites a callback that was faster.
 */
export async function recordAttempt(
  deps: Deps,
  seen: DocumentSnapshot,
  attempt: Attempt,
  verdict: Verdict,
): Promise<"recorded" | "overtaken"> {
  let snapshot = seen;
  for (let round = 0; round < maxRounds; round += 1) {
    const data = snapshot.data();
    if (data === undefined || snapshot.updateTime === undefined) return "overtaken";
    const task = readPendingWebhook(data);
    const repeated =
      verdict.input === "attempt_failed" && task.attempts.some(({ number }) => number === attempt.number);
    if (repeated || transition(task.status, verdict.input).kind === "refuse") {
      await snapshot.ref.update({ attempts: FieldValue.arrayUnion(attempt), ...lateAcknowledgement(task, verdict) });
      return "overtaken";
    }
    if (await commit(deps, snapshot, task, attempt, verdict)) return "recorded";
    snapshot = await snapshot.ref.get();
  }
  throw new BoomerangError("contention", "The task keeps changing while its outbound call is recorded.", {
    status: 503,
    retryable: true,
  });
}

/** Progress may be faster than the acknowledgement; what that says of the job counts all the same. */
function lateAcknowledgement(task: PendingWebhook, verdict: Verdict): Partial<Acknowledgement> {
  return verdict.input === "acknowledge" && task.status === "initiated" && task.externalId === null
    ? verdict.acknowledgement
    : {};
}

/** False where the task was written since `snapshot`. */
async function commit(
  deps: Deps,
  snapshot: DocumentSnapshot,
  task: PendingWebhook,
  attempt: Attempt,
  verdict: Verdict,
): Promise<boolean> {
  const { updateTime } = snapshot;
  if (updateTime === undefined) return false;
  if ("outcome" in verdict) {
    const settled = await settle(deps.db, {
      correlationId: snapshot.id,
      outcome: verdict.outcome,
      eventPrefix: task.eventPrefix,
      createdAt: task.createdAt.toMillis(),
      now: deps.now(),
      retentionMs: deps.config.taskRetentionMs,
      attempt,
      unchangedSince: updateTime,
    });
    return settled === "settled";
  }
  try {
    const { ref } = snapshot;
    const update = changes(task, attempt, verdict);
    await commitShared(deps.db, {
      about: ref.path,
      bytes: JSON.stringify(attempt).length,
      addTo: (batch) => batch.update(ref, update, { lastUpdateTime: updateTime }),
    });
    return true;
  } catch (error) {
    if (hasCode(error, failedPrecondition)) return false;
    throw error;
  }
}

function changes(
  task: PendingWebhook,
  attempt: Attempt,
  verdict: Exclude<Verdict, { outcome: Outcome }>,
): UpdateData<DocumentData> {
  const at = timestamp(attempt.at.toMillis() + attempt.durationMs);
  const recorded = { attempts: FieldValue.arrayUnion(attempt), updatedAt: at };
  if (verdict.input === "attempt_failed") {
    const { nextAttemptAt } = verdict;
    const sweepAt = pendingSweepAt({ expiresAt: task.expiresAt, nextAttemptAt, rescues: 0 });
    return { ...recorded, nextAttemptAt, rescues: 0, sweepAt };
  }
  return {
    ...recorded,
    ...verdict.acknowledgement,
    status: "initiated",
    initiatedAt: at,
    history: FieldValue.arrayUnion(startedEvent(task.eventPrefix, at)),
    sweepAt: task.expiresAt,
  };
}
