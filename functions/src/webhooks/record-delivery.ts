import { type DocumentSnapshot, FieldValue } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { formatOf } from "../formats/index.ts";
import { alreadyExists, failedPrecondition, hasCode, timestamp } from "../platform/firestore.ts";
import { commitShared } from "../platform/shared-commit.ts";
import { sweepShardOf } from "../tasks/sweep-index.ts";
import type { Delivery, DeliveryAttempt, DeliveryOrder } from "./delivery.ts";
import { noteHealth } from "./health.ts";
import { enqueueAttempt } from "./publish.ts";
import { rescueAfterMs } from "./requeue.ts";
import { deliveryDelayMs } from "./retry-schedule.ts";
import type { SentDelivery } from "./send-delivery.ts";
import type { Webhook } from "./webhook.ts";

export interface Recording {
  readonly order: DeliveryOrder;
  readonly delivery: Delivery;
  readonly webhook: Webhook | undefined;
  /** The document as it was found; it does not exist before the first attempt. */
  readonly snapshot: DocumentSnapshot;
  readonly sent: SentDelivery;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/**
 * Records an attempt: one write. The next attempt is queued before that, under a derived name: should the write not come to
 * pass, the queue brings this attempt again, and the next one finds that it is not due.
 */
export async function recordDelivery(deps: Deps, recording: Recording): Promise<void> {
  const { order, delivery, webhook, sent, startedAt } = recording;
  const attempt: DeliveryAttempt = {
    number: order.attempt,
    at: timestamp(startedAt),
    durationMs: sent.durationMs,
    statusCode: sent.statusCode,
    error: sent.error,
    fault: sent.fault,
    responseBody: sent.responseBody,
  };
  const nextAttemptAt = sent.verdict === "retry" ? nextAttempt(deps, recording) : undefined;
  if (nextAttemptAt !== undefined) {
    const { source, webhookId } = order;
    await enqueueAttempt(deps, { source, webhookId, attempt: order.attempt + 1 }, nextAttemptAt);
  }
  // A failure is noted before it is recorded: should the record not come to pass, the attempt is made and noted again.
  if (webhook !== undefined && sent.verdict !== "delivered") await noteHealth(deps, webhook, sent);
  const status = sent.verdict === "delivered" ? "delivered" : nextAttemptAt === undefined ? "dead" : "pending";
  const recorded = await write(deps, recording, attempt, status, nextAttemptAt);
  if (recorded && webhook !== undefined && sent.verdict === "delivered") await noteHealth(deps, webhook, sent);
  deps.log.info(`deliver: ${status}`, {
    deliveryId: delivery.id,
    correlationId: delivery.taskId,
    webhookId: delivery.webhookId,
    eventType: delivery.eventType,
    attempt: order.attempt,
    durationMs: sent.durationMs,
    statusCode: sent.statusCode,
    fault: sent.fault,
    recorded,
  });
}

function nextAttempt(deps: Deps, { order, delivery, webhook, sent }: Recording): number | undefined {
  const failed = order.attempt - delivery.roundStart;
  const schedule = formatOf(delivery.format).retries;
  const delay = deliveryDelayMs(schedule, failed, webhook?.retryCount, sent.retryAfterMs, delivery.id);
  return delay === undefined ? undefined : deps.now() + delay;
}

/** False where another run of the same order was faster. */
async function write(
  deps: Deps,
  { delivery, webhook, snapshot }: Recording,
  attempt: DeliveryAttempt,
  status: Delivery["status"],
  nextAttemptAt: number | undefined,
): Promise<boolean> {
  const open = nextAttemptAt !== undefined;
  const sweep = open ? { sweepShard: sweepShardOf(delivery.id), sweepAt: nextAttemptAt + rescueAfterMs } : {};
  const { ref, updateTime } = snapshot;
  const closed = open ? {} : { sweepShard: FieldValue.delete(), sweepAt: FieldValue.delete() };
  const changes = {
    // Where the attempt went: the webhook's address may have changed since the one before.
    url: webhook?.url ?? delivery.url,
    status,
    attempts: [...delivery.attempts, attempt],
    nextAttemptAt: nextAttemptAt ?? null,
    completedAt: open ? null : attempt.at,
  };
  try {
    await commitShared(deps.db, {
      about: ref.path,
      bytes: JSON.stringify(changes).length + delivery.body.length,
      addTo: (batch) => {
        if (updateTime === undefined) batch.create(ref, { ...delivery, ...changes, ...sweep });
        else batch.update(ref, { ...changes, ...sweep, ...closed }, { lastUpdateTime: updateTime });
      },
    });
    return true;
  } catch (error) {
    if (hasCode(error, alreadyExists, failedPrecondition)) return false;
    throw error;
  }
}
