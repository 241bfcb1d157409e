import { z } from "zod";
import { fromStorable } from "../../../domain/storable.ts";
import { moragBody } from "../../../formats/morag.ts";
import { isoSeconds } from "../../../formats/time.ts";
import type { PendingWebhook } from "../../../tasks/pending-webhook.ts";
import { taskEvents } from "../../../webhooks/outgoing-event.ts";
import { anyJson, dateTime, jsonObject, listOf } from "../view.ts";

const taskId = "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11";
const statusWord = z
  .enum(["pending", "started", "progress", "completed", "failed"])
  .meta({ description: "As the last webhook said it; whatever did not complete has failed." });

/** An event, as a webhook tells of it. */
export const moragEventSchema = z.strictObject({ event_type: z.string(), timestamp: dateTime, data: jsonObject }).meta({
  id: "MoragEvent",
  examples: [
    {
      event_type: "task_started",
      timestamp: "2024-01-01T10:00:00Z",
      data: {
        task_id: taskId,
        status: "started",
        message: "Task processing started",
        metadata: { source_type: "document", webhook_url: "https://your-app.example.com/webhook" },
      },
    },
  ],
});

export const moragEventList = listOf(moragEventSchema);

/** A task: what the last webhook said, and since when. */
export const moragStatusSchema = z
  .strictObject({
    task_id: z.string(),
    status: statusWord,
    progress: z.number().nullable().meta({ description: "0 to 1; null before the first report." }),
    message: z.string(),
    created_at: dateTime,
    updated_at: dateTime,
    metadata: jsonObject,
    result: anyJson.optional(),
    result_url: z.string().optional(),
    error: z.string().nullable().optional(),
    error_code: z.enum(["expired", "cancelled"]).optional(),
  })
  .meta({
    id: "MoragStatus",
    examples: [
      {
        task_id: taskId,
        status: "completed",
        progress: 1,
        message: "Task completed successfully",
        created_at: "2024-01-01T10:00:00Z",
        updated_at: "2024-01-01T10:05:00Z",
        metadata: { source_type: "document" },
        result: { embeddings_stored: 15, chunks_created: 25, processing_time: 45.2 },
      },
    ],
  });

export function moragStatusView(task: PendingWebhook, source: string): z.input<typeof moragStatusSchema> {
  const last = taskEvents(task, source).at(-1);
  const waiting = {
    task_id: task.correlationId,
    status: "pending",
    message: "Task is waiting to be processed",
    metadata: fromStorable(task.metadata),
  };
  return {
    ...(last === undefined ? waiting : moragBody(last).data),
    progress: task.progress,
    created_at: isoSeconds(task.createdAt.toMillis()),
    updated_at: isoSeconds(task.updatedAt.toMillis()),
  } as z.input<typeof moragStatusSchema>;
}
