import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { expired } from "../domain/outcome.ts";
import { timestamp } from "../platform/firestore.ts";
import { tooEarly } from "../platform/queue.ts";
import { readShared } from "../platform/shared-read.ts";
import { nextAttemptNumber, recordAttempt, type Verdict } from "./attempt.ts";
import { callService } from "./call-service.ts";
import { keepLostOutcome } from "./lost-outcome.ts";
import { pendingWebhookRef, readPendingWebhook } from "./pending-webhook.ts";
import { settle } from "./settle.ts";

/** What the queue carries: never more than this, since a queue is not encrypted with our keys. */
export interface DispatchOrder {
  readonly correlationId: string;
  /** Which call this is, from 1. An order for another call than the one that is due is out of date. */
  readonly attempt: number;
}

/** Clocks of two machines differ by a little. */
const earlyToleranceMs = 250;

/**
 * Makes the outbound call that is due, and records it. Runs at least once for each order; where it ran before, it finds
 * the call recorded and does nothing. A crash between the call and its record repeats the call, with the same Idempotency-Key.
 * Throws a retryable error where the queue must bring the order again.
 */
export async function dispatchTask(deps: Deps, order: DispatchOrder): Promise<void> {
  const { correlationId } = order;
  const [snapshot] = await readShared(deps.db, pendingWebhookRef(deps.db, correlationId));
  const data = snapshot.data();
  if (data === undefined) {
    deps.log.warn("dispatch: no such task", { correlationId });
    return;
  }
  const task = readPendingWebhook(data);
  if (task.status !== "pending" || nextAttemptNumber(task) !== order.attempt) {
    deps.log.info("dispatch: out of date", { correlationId, attempt: order.attempt, status: task.status });
    return;
  }
  const now = deps.now();
  if (task.expiresAt <= now) {
    await settle(deps.db, {
      correlationId,
      outcome: expired(task.timeoutSeconds, task.attempts.length),
      eventPrefix: task.eventPrefix,
      createdAt: task.createdAt.toMillis(),
      now,
      retentionMs: deps.config.taskRetentionMs,
      ...(snapshot.updateTime === undefined ? {} : { unchangedSince: snapshot.updateTime }),
    });
    return;
  }
  if (task.nextAttemptAt > now + earlyToleranceMs) throw tooEarly(task.nextAttemptAt - now);

  const call = await callService(deps, task, order.attempt);
  const attempt = {
    number: order.attempt,
    at: timestamp(now),
    durationMs: deps.now() - now,
    statusCode: call.statusCode,
    error: call.error,
  };
  const recorded = await recordAttempt(deps, snapshot, attempt, call.verdict);
  if (recorded === "overtaken") await keepOvertaken(deps, correlationId, call.verdict);
  const { number, durationMs, statusCode } = attempt;
  const errorCode = "outcome" in call.verdict ? call.verdict.outcome.errorCode : null;
  deps.log.info(`dispatch: ${call.verdict.input}`, {
    correlationId,
    service: task.service,
    attempt: number,
    durationMs,
    statusCode,
    errorCode,
    recorded,
  });
}

/** What a service in sync mode answered after the task had ended is kept as a late callback would be. */
async function keepOvertaken(deps: Deps, correlationId: string, verdict: Verdict): Promise<void> {
  if (verdict.input !== "succeed" && verdict.input !== "fail") return;
  try {
    await keepLostOutcome(deps, correlationId, verdict.outcome, deps.now());
  } catch (error) {
    // That it was too late, or contradicts: kept, and nobody to tell.
    if (!(error instanceof BoomerangError) || error.status >= 500) throw error;
  }
}
