import { z } from "zod";
import { type Delivery, deliveryStatuses } from "../../webhooks/delivery.ts";
import { dateTime, iso, isoOf } from "./view.ts";

const attempt = z
  .strictObject({
    number: z.int(),
    at: dateTime,
    duration_ms: z.int(),
    status_code: z.int().nullable().meta({ description: "Null where no answer came." }),
    success: z.boolean(),
    error: z.string().nullable(),
    fault: z.enum(["subscriber", "ours"]).nullable().meta({ description: "Whose fault a failure was." }),
    response_body: z.string().nullable().meta({ description: "The first kilobyte of the answer." }),
  })
  .meta({ id: "DeliveryAttempt", description: "One request to the subscriber." });

/** A delivery with all its attempts. */
export const deliverySchema = z
  .strictObject({
    id: z.string(),
    owner_id: z.string().meta({ description: "Whose webhook or task it is for." }),
    event_id: z.string().meta({ description: "The subscriber sees it as `webhook-id`." }),
    event_type: z.string(),
    webhook_id: z.string().nullable().meta({ description: "Null for a task's own callback URL." }),
    task_id: z.string().nullable().meta({ description: "Null for an event of the application." }),
    url: z.string(),
    format: z.string(),
    status: z.enum(deliveryStatuses),
    next_attempt_at: dateTime.nullable(),
    created_at: dateTime,
    completed_at: dateTime.nullable(),
    attempts: z.array(attempt),
  })
  .meta({
    id: "Delivery",
    examples: [
      {
        id: "dlv_8f14e45fceea167a5a36dedd4bea2543",
        owner_id: "detective-app",
        event_id: "evt_3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11_5",
        event_type: "job.completed",
        webhook_id: "5d0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f22",
        task_id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11",
        url: "https://example.com/webhook",
        format: "standard",
        status: "dead",
        next_attempt_at: null,
        created_at: "2026-01-15T10:35:30.000Z",
        completed_at: "2026-01-15T10:35:31.000Z",
        attempts: [
          {
            number: 1,
            at: "2026-01-15T10:35:31.000Z",
            duration_ms: 84,
            status_code: 500,
            success: false,
            error: "It answered 500.",
            fault: "subscriber",
            response_body: "Internal server error",
          },
        ],
      },
    ],
  });

export function deliveryView(delivery: Delivery): z.input<typeof deliverySchema> {
  return {
    id: delivery.id,
    owner_id: delivery.ownerId,
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    webhook_id: delivery.webhookId,
    task_id: delivery.taskId,
    url: delivery.url,
    format: delivery.format,
    status: delivery.status,
    next_attempt_at: isoOf(delivery.nextAttemptAt),
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
