import type { Timestamp } from "firebase-admin/firestore";
import { BoomerangError } from "../domain/errors.ts";
import type { Keys } from "../domain/keys.ts";
import type { Delivery } from "../webhooks/delivery.ts";
import type { Replay } from "../webhooks/replay.ts";
import type { Webhook } from "../webhooks/webhook.ts";

/** A webhook as the API shows it: never its secrets. */
export function webhookView(keys: Keys, webhook: Webhook) {
  return {
    id: webhook.id,
    name: webhook.name,
    url: webhook.url,
    description: webhook.description,
    events: webhook.events,
    headers: headersOf(keys, webhook),
    retry_count: webhook.retryCount,
    timeout_seconds: webhook.timeoutSeconds,
    is_active: webhook.isActive,
    format: webhook.format,
    disabled_reason: webhook.disabledReason,
    disabled_at: iso(webhook.disabledAt),
    failing_since: webhook.failingSince === null ? null : new Date(webhook.failingSince).toISOString(),
    created_at: iso(webhook.createdAt),
    updated_at: iso(webhook.updatedAt),
  };
}

/** Null where the secret that sealed them is gone: the owner still sees everything else, and can set them again. */
function headersOf(keys: Keys, { sealedHeaders }: Webhook): unknown {
  if (sealedHeaders === null) return {};
  try {
    return JSON.parse(keys.open(sealedHeaders));
  } catch (error) {
    if (error instanceof BoomerangError && error.code === "unsealable") return null;
    throw error;
  }
}

/** A delivery with all its attempts. */
export function deliveryView(delivery: Delivery) {
  return {
    id: delivery.id,
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    webhook_id: delivery.webhookId,
    task_id: delivery.taskId,
    url: delivery.url,
    format: delivery.format,
    status: delivery.status,
    next_attempt_at: delivery.nextAttemptAt === null ? null : new Date(delivery.nextAttemptAt).toISOString(),
    created_at: iso(delivery.createdAt),
    completed_at: iso(delivery.completedAt),
    attempts: delivery.attempts.map((attempt) => ({
      number: attempt.number,
      at: iso(attempt.at),
      duration_ms: attempt.durationMs,
      status_code: attempt.statusCode,
      success: attempt.error === null,
      error: attempt.error,
      fault: attempt.fault,
      response_body: attempt.responseBody,
    })),
  };
}

/** A replay and how far it is. */
export function replayView(replay: Replay) {
  return {
    id: replay.id,
    webhook_id: replay.webhookId,
    since: iso(replay.since),
    until: iso(replay.until),
    status: replay.status,
    state: replay.state,
    total: replay.total,
    processed: replay.processed,
    replayed: replay.replayed,
    created_at: iso(replay.createdAt),
    completed_at: iso(replay.completedAt),
  };
}

function iso(time: Timestamp | null): string | null {
  return time === null ? null : time.toDate().toISOString();
}
