import { z } from "zod";
import { isoSeconds } from "../../../formats/time.ts";
import type { PendingWebhook } from "../../../tasks/pending-webhook.ts";
import type { Delivery } from "../../../webhooks/delivery.ts";
import { dateTime } from "../view.ts";

/** What the prediction service answers to a submission. */
export const predictionSchema = z
  .strictObject({
    job_id: z.string(),
    status: z.enum(["processing", "completed", "failed"]),
    webhook_registered: z.boolean(),
  })
  .meta({
    id: "Prediction",
    examples: [{ job_id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11", status: "processing", webhook_registered: true }],
  });

/** How the webhook of a job stands. */
export const webhookStatusSchema = z
  .strictObject({
    job_id: z.string(),
    webhook_url: z.string().nullable(),
    delivery_status: z.enum(["not_registered", "pending", "delivered", "failed"]).meta({
      description: "`pending` until the job is over and its webhook was answered; `failed` after the last attempt.",
    }),
    attempts: z.array(
      z.strictObject({
        attempt: z.int(),
        timestamp: dateTime,
        status_code: z.int().nullable().meta({ description: "Null where no answer came." }),
        success: z.boolean(),
        error: z.string().optional(),
      }),
    ),
  })
  .meta({
    id: "PredictionWebhookStatus",
    examples: [
      {
        job_id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11",
        webhook_url: "https://your-server.example.com/callback",
        delivery_status: "delivered",
        attempts: [{ attempt: 1, timestamp: "2024-01-15T10:30:01Z", status_code: 200, success: true }],
      },
    ],
  });

export function predictionView(task: PendingWebhook): z.input<typeof predictionSchema> {
  const open = task.status === "pending" || task.status === "initiated";
  const status = open ? "processing" : task.status === "completed" ? "completed" : "failed";
  return { job_id: task.correlationId, status, webhook_registered: task.callbackUrl !== null };
}

/** `delivery` is that of the job's end; undefined where there is none yet. */
export function webhookStatusView(
  task: PendingWebhook,
  delivery: Delivery | undefined,
): z.input<typeof webhookStatusSchema> {
  const words = { pending: "pending", delivered: "delivered", dead: "failed" } as const;
  return {
    job_id: task.correlationId,
    webhook_url: task.callbackUrl,
    delivery_status: task.callbackUrl === null ? "not_registered" : words[delivery?.status ?? "pending"],
    attempts: (delivery?.attempts ?? []).map(({ number, at, statusCode, error }) => ({
      attempt: number,
      timestamp: isoSeconds(at.toMillis()),
      status_code: statusCode,
      success: error === null,
      ...(error === null ? {} : { error }),
    })),
  };
}
