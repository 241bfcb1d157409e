import { fromStorable } from "../domain/storable.ts";
import type { PendingWebhook } from "../tasks/pending-webhook.ts";

type Time = { toDate(): Date } | null;

/** A task as the API shows it. */
export function taskView(task: PendingWebhook) {
  return {
    id: task.correlationId,
    status: task.status,
    progress: task.progress,
    service: task.service,
    provider: task.provider,
    webhook_url: task.webhookUrl,
    prompt: task.prompt,
    parameters: fromStorable(task.params),
    metadata: fromStorable(task.metadata),
    project_id: task.projectId,
    user_id: task.userId,
    priority: task.priority,
    callback_url: task.callbackUrl,
    callback_format: task.callbackFormat,
    created_at: iso(task.createdAt),
    updated_at: iso(task.updatedAt),
    initiated_at: iso(task.initiatedAt),
    completed_at: iso(task.completedAt),
    expires_at: new Date(task.expiresAt).toISOString(),
    estimated_completion: task.estimatedCompletion,
    external_id: task.externalId,
    result_url: task.resultUrl,
    result: fromStorable(task.result),
    result_metadata: fromStorable(task.resultMetadata),
    error: task.error,
    error_code: task.errorCode,
    attempts: task.attempts.map((attempt) => ({
      number: attempt.number,
      at: iso(attempt.at),
      duration_ms: attempt.durationMs,
      status_code: attempt.statusCode,
      error: attempt.error,
    })),
    late_callback: task.lateCallback === null ? null : lateCallbackView(task.lateCallback),
    retry_of: task.retryOf,
  };
}

function lateCallbackView(late: NonNullable<PendingWebhook["lateCallback"]>) {
  return {
    received_at: iso(late.receivedAt),
    status: late.status,
    result_url: late.resultUrl,
    result: fromStorable(late.result),
    result_metadata: fromStorable(late.resultMetadata),
    error: late.error,
  };
}

function iso(time: Time): string | null {
  return time === null ? null : time.toDate().toISOString();
}
