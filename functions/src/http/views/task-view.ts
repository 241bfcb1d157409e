import { z } from "zod";
import { fromStorable } from "../../domain/storable.ts";
import { statuses } from "../../domain/task-state.ts";
import type { PendingWebhook, TaskFile } from "../../tasks/pending-webhook.ts";
import { anyJson, dateTime, iso, isoOf, jsonObject } from "./view.ts";

const attempt = z
  .strictObject({
    number: z.int(),
    at: dateTime,
    duration_ms: z.int(),
    status_code: z.int().nullable().meta({ description: "Null where no answer came." }),
    error: z.string().nullable().meta({ description: "Null where the service acknowledged." }),
  })
  .meta({ id: "TaskAttempt", description: "One outbound call to the service." });

const lateCallback = z
  .strictObject({
    received_at: dateTime,
    status: z.enum(["completed", "failed", "expired", "cancelled"]),
    result_url: z.string().nullable(),
    result: anyJson,
    result_metadata: anyJson,
    error: z.string().nullable(),
  })
  .meta({ id: "LateCallback", description: "The callback that came after the task had expired." });

const file = z
  .strictObject({
    name: z.string(),
    content_type: z.string(),
    size: z.int().meta({ description: "In bytes." }),
    sha256: z.string().meta({ description: "In hex." }),
  })
  .meta({ id: "TaskFile", description: "The file that came with the task." });

/** A task as the API shows it. */
export const taskSchema = z
  .strictObject({
    id: z.string().meta({ description: "The correlation id." }),
    owner_id: z.string().meta({ description: "Whose task it is: the key's owner, or the user." }),
    status: z.enum(statuses),
    progress: z.number().nullable().meta({ description: "0 to 1; null before the first report." }),
    service: z.string().nullable().meta({ description: "Null where a `webhook_url` was named instead." }),
    provider: z.string().meta({ description: "Whose protocol the service speaks." }),
    webhook_url: z.string().meta({ description: "Where it is sent." }),
    prompt: z.string(),
    parameters: jsonObject,
    metadata: jsonObject,
    project_id: z.string().nullable(),
    user_id: z.string().nullable(),
    priority: z.int(),
    file: file.nullable(),
    callback_url: z.string().nullable(),
    callback_format: z.string().nullable(),
    created_at: dateTime,
    updated_at: dateTime,
    initiated_at: dateTime.nullable().meta({ description: "When the service acknowledged." }),
    completed_at: dateTime.nullable().meta({ description: "When it ended, however it did." }),
    duration_ms: z.int().nullable().meta({ description: "From submission to the outcome; null while it is open." }),
    expires_at: dateTime.meta({ description: "When it expires, unless it has ended by then." }),
    estimated_completion: z.string().nullable().meta({ description: "In the service's words." }),
    external_id: z.string().nullable().meta({ description: "The service's own id of the job." }),
    result_url: z.string().nullable(),
    result: anyJson.meta({
      description: "What the service answered; `$storage` where it was too large and is a file.",
    }),
    result_metadata: anyJson.meta({ description: "What the service says of its result." }),
    error: z.string().nullable(),
    error_code: z.string().nullable().meta({ description: "Stable, such as `expired` or `http_400`." }),
    attempts: z.array(attempt),
    late_callback: lateCallback.nullable(),
    retry_of: z.string().nullable().meta({ description: "The task that this one is a retry of." }),
  })
  .meta({
    id: "Task",
    examples: [
      {
        id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11",
        owner_id: "detective-app",
        status: "completed",
        progress: 1,
        service: "video_generation",
        provider: "generic",
        webhook_url: "https://video.example.com/jobs",
        prompt: "A lighthouse at dusk",
        parameters: { duration: 30 },
        metadata: { order: 7 },
        project_id: "detective_series_001",
        user_id: "user-123",
        priority: 1,
        file: null,
        callback_url: "https://your-app.example.com/done",
        callback_format: "standard",
        created_at: "2026-01-15T10:30:15.000Z",
        updated_at: "2026-01-15T10:35:30.000Z",
        initiated_at: "2026-01-15T10:30:16.000Z",
        completed_at: "2026-01-15T10:35:30.000Z",
        duration_ms: 315_000,
        expires_at: "2026-01-15T10:45:15.000Z",
        estimated_completion: "300s",
        external_id: "job-42",
        result_url: "https://cdn.example.com/lighthouse.mp4",
        result: null,
        result_metadata: { title: "Lighthouse" },
        error: null,
        error_code: null,
        attempts: [{ number: 1, at: "2026-01-15T10:30:15.800Z", duration_ms: 212, status_code: 202, error: null }],
        late_callback: null,
        retry_of: null,
      },
    ],
  });

export function taskView(task: PendingWebhook): z.input<typeof taskSchema> {
  return {
    id: task.correlationId,
    owner_id: task.ownerId,
    status: task.status,
    progress: task.progress,
    service: task.service,
    provider: task.provider,
    webhook_url: task.webhookUrl,
    prompt: task.prompt,
    parameters: fromStorable(task.params) as z.input<typeof jsonObject>,
    metadata: fromStorable(task.metadata) as z.input<typeof jsonObject>,
    project_id: task.projectId,
    user_id: task.userId,
    priority: task.priority,
    file: task.file === null ? null : fileView(task.file),
    callback_url: task.callbackUrl,
    callback_format: task.callbackFormat,
    created_at: iso(task.createdAt),
    updated_at: iso(task.updatedAt),
    initiated_at: iso(task.initiatedAt),
    completed_at: iso(task.completedAt),
    duration_ms: task.durationMs ?? null,
    expires_at: isoOf(task.expiresAt),
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

function fileView({ name, contentType, bytes, sha256 }: TaskFile): z.input<typeof file> {
  return { name, content_type: contentType, size: bytes, sha256 };
}

function lateCallbackView(late: NonNullable<PendingWebhook["lateCallback"]>): z.input<typeof lateCallback> {
  return {
    received_at: iso(late.receivedAt),
    status: late.status,
    result_url: late.resultUrl,
    result: fromStorable(late.result),
    result_metadata: fromStorable(late.resultMetadata),
    error: late.error,
  };
}
