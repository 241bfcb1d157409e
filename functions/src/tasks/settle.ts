import {
  type DocumentData,
  FieldValue,
  type Firestore,
  type Timestamp,
  type UpdateData,
} from "firebase-admin/firestore";
import { finalEvent } from "../domain/events.ts";
import { type Outcome, outcomeDigest } from "../domain/outcome.ts";
import { toStorable } from "../domain/storable.ts";
import { alreadyExists, failedPrecondition, hasCode, notFound, timestamp } from "../platform/firestore.ts";
import { commitShared } from "../platform/shared-commit.ts";
import { type Attempt, outcomeRef, pendingWebhookRef, type StoredOutcome } from "./pending-webhook.ts";

export interface Settlement {
  readonly correlationId: string;
  readonly outcome: Outcome;
  readonly eventPrefix: string;
  /** When the task was submitted, milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly retentionMs: number;
  /** The outbound call that brought the outcome, where one did. */
  readonly attempt?: Attempt;
  /** Settle only if the document has not been written since. */
  readonly unchangedSince?: Timestamp;
}

/** `lost`: somebody else had decided before. `changed`: the document was written after `unchangedSince`. */
export type Settled = "settled" | "lost" | "unknown_task" | "changed";

/** The two writes that end a task, for one atomic commit. */
export interface SettlingWrites {
  readonly outcome: StoredOutcome;
  readonly update: UpdateData<DocumentData>;
}

/**
 * Ends an open task: one commit, no read. Creating the outcome document is the lock, so of any number of callbacks,
 * sweeps and cancels at the same time exactly one is `settled`, and all others are `lost`.
 */
export async function settle(db: Firestore, settlement: Settlement): Promise<Settled> {
  const { correlationId, unchangedSince } = settlement;
  const writes = settlingWrites(settlement);
  const ref = pendingWebhookRef(db, correlationId);
  try {
    await commitShared(db, {
      about: ref.path,
      bytes: JSON.stringify(settlement.outcome).length,
      addTo: (batch) => {
        batch.create(outcomeRef(db, correlationId), writes.outcome);
        if (unchangedSince === undefined) batch.update(ref, writes.update);
        else batch.update(ref, writes.update, { lastUpdateTime: unchangedSince });
      },
    });
    return "settled";
  } catch (error) {
    if (hasCode(error, alreadyExists)) return "lost";
    if (hasCode(error, notFound)) return "unknown_task";
    if (hasCode(error, failedPrecondition)) return "changed";
    throw error;
  }
}

/** The lock outlives what it guards: deleted first, a repeated callback could end the task once more. */
const outliveMs = 7 * 24 * 3_600_000;

/** See {@link settle}; the sweep puts many of these into one commit. */
export function settlingWrites(settlement: Settlement): SettlingWrites {
  const { outcome, eventPrefix, createdAt, now, retentionMs, attempt } = settlement;
  const at = timestamp(now);
  const purgeAt = timestamp(now + retentionMs);
  return {
    outcome: {
      status: outcome.status,
      digest: outcomeDigest(outcome),
      at,
      resolutions: 0,
      conflicts: 0,
      purgeAt: timestamp(now + retentionMs + outliveMs),
    },
    update: {
      ...outcomeFields(outcome, at),
      // Two machines' clocks differ by a little.
      durationMs: Math.max(0, now - createdAt),
      history: FieldValue.arrayUnion(finalEvent(eventPrefix, outcome.status, at)),
      ...(attempt === undefined ? {} : { attempts: FieldValue.arrayUnion(attempt) }),
      sweepShard: FieldValue.delete(),
      sweepAt: FieldValue.delete(),
      purgeAt,
    },
  };
}

/** What an outcome says in the pending webhook document. */
export function outcomeFields(outcome: Outcome, at: Timestamp) {
  return {
    status: outcome.status,
    ...(outcome.status === "completed" ? { progress: 1 } : {}),
    resultUrl: outcome.resultUrl,
    result: toStorable(outcome.result),
    resultMetadata: toStorable(outcome.resultMetadata),
    error: outcome.error,
    errorCode: outcome.errorCode,
    completedAt: at,
    updatedAt: at,
  };
}
