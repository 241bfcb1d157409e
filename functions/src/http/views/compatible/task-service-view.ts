import { z } from "zod";
import { fromStorable } from "../../../domain/storable.ts";
import { isFinal } from "../../../domain/task-state.ts";
import { taskServiceBody } from "../../../formats/task-service.ts";
import { isoSeconds } from "../../../formats/time.ts";
import type { PendingWebhook } from "../../../tasks/pending-webhook.ts";
import { taskEvents } from "../../../webhooks/outgoing-event.ts";
import { anyJson, dateTime, jsonObject } from "../view.ts";

const statusWord = z.enum(["pending", "processing", "completed", "failed"]).meta({
  description: "Whatever did not complete has failed; `error_code` says whether it expired or was cancelled.",
});

/** What the Task Service answers to a submission. */
export const submittedSchema = z
  .strictObject({
    task_id: z.string(),
    project_id: z.string().nullable(),
    task_type: z.string().nullable(),
    status: statusWord,
    created_at: dateTime,
  })
  .meta({
    id: "TaskServiceSubmission",
    examples: [
      {
        task_id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11",
        project_id: "detective_series_001",
        task_type: "video_generation",
        status: "pending",
        created_at: "2025-01-15T10:30:15Z",
      },
    ],
  });

/** A task's status; when it is over, with the fields of the callback. */
export const taskStatusSchema = z
  .strictObject({
    task_id: z.string(),
    project_id: z.string().nullable(),
    task_type: z.string().nullable(),
    status: statusWord,
    progress: z.number().nullable().meta({ description: "0 to 1; null before the first report." }),
    created_at: dateTime,
    metadata: jsonObject,
    result: anyJson.optional(),
    processing_time: z.int().optional().meta({ description: "In seconds." }),
    completed_at: dateTime.optional(),
    error: z.string().nullable().optional(),
    error_code: z.enum(["expired", "cancelled"]).optional(),
    traceback: anyJson.optional(),
    failed_at: dateTime.optional(),
  })
  .meta({
    id: "TaskServiceStatus",
    examples: [
      {
        task_id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11",
        project_id: "detective_series_001",
        task_type: "video_generation",
        status: "completed",
        progress: 1,
        created_at: "2025-01-15T10:30:15Z",
        metadata: { userId: "user-123", testResultId: "result-456" },
        result: {
          media_url: "https://media.example.com/detective_001/video_001.mp4",
          payload_media_id: "64f1b2c3a8d9e0f1",
          metadata: { processing_time: 45.2, tokens_used: 1250 },
        },
        processing_time: 315,
        completed_at: "2025-01-15T10:35:30Z",
      },
    ],
  });

export function submittedView(task: PendingWebhook): z.input<typeof submittedSchema> {
  return {
    task_id: task.correlationId,
    project_id: task.projectId,
    task_type: task.service,
    status: wordOf(task),
    created_at: isoSeconds(task.createdAt.toMillis()),
  };
}

export function taskStatusView(task: PendingWebhook, source: string): z.input<typeof taskStatusSchema> {
  const last = taskEvents(task, source).at(-1);
  const end = isFinal(task.status) && last !== undefined ? taskServiceBody(last) : undefined;
  const metadata = fromStorable(task.metadata) as z.input<typeof jsonObject>;
  const view = { ...submittedView(task), progress: task.progress, metadata, ...end };
  return { ...view, status: wordOf(task) };
}

function wordOf({ status }: PendingWebhook): z.input<typeof statusWord> {
  if (status === "pending" || status === "completed") return status;
  return status === "initiated" ? "processing" : "failed";
}
