import { z } from "zod";
import { isoSeconds } from "../../../formats/time.ts";
import type { PendingWebhook } from "../../../tasks/pending-webhook.ts";
import { dateTime } from "../view.ts";
import { moragStatusSchema } from "./morag-view.ts";

/** What MoRAG answers to a file. */
export const ingestedSchema = z
  .strictObject({
    task_id: z.string(),
    status: moragStatusSchema.shape.status,
    message: z.string(),
    created_at: dateTime,
    file_name: z.string(),
    file_size: z.int().meta({ description: "In bytes." }),
  })
  .meta({
    id: "Ingestion",
    examples: [
      {
        task_id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11",
        status: "pending",
        message: "Task is waiting to be processed",
        created_at: "2024-01-01T10:00:00Z",
        file_name: "your-document.pdf",
        file_size: 48_213,
      },
    ],
  });

/** `stands` is how the task stands in MoRAG's words. */
export function ingestedView(
  task: PendingWebhook,
  { status, message }: Pick<z.input<typeof moragStatusSchema>, "status" | "message">,
): z.input<typeof ingestedSchema> {
  return {
    task_id: task.correlationId,
    status,
    message,
    created_at: isoSeconds(task.createdAt.toMillis()),
    file_name: task.file?.name ?? "",
    file_size: task.file?.bytes ?? 0,
  };
}
