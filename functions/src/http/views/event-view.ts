import { z } from "zod";
import { fromStorable } from "../../domain/storable.ts";
import { statuses } from "../../domain/task-state.ts";
import type { ApplicationEvent } from "../../webhooks/outgoing-event.ts";
import type { ListedTaskEvent, RecentEvent } from "../../webhooks/recent-events.ts";
import { dateTime, iso, isoOf, jsonObject } from "./view.ts";

/** An event that the application published. */
export const applicationEventSchema = z
  .strictObject({ id: z.string(), type: z.string(), created_at: dateTime, payload: jsonObject })
  .meta({
    id: "ApplicationEvent",
    examples: [
      {
        id: "evt_9b0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f44",
        type: "request.created",
        created_at: "2026-01-15T10:30:15.000Z",
        payload: { request_id: 123 },
      },
    ],
  });

/** An event of a task. */
export const taskEventSchema = z
  .strictObject({
    id: z.string(),
    type: z.string(),
    created_at: dateTime,
    task_id: z.string(),
    status: z.enum(statuses),
    progress: z.number().nullable().meta({ description: "0 to 1." }),
    message: z.string().nullable(),
  })
  .meta({
    id: "TaskEvent",
    examples: [
      {
        id: "evt_3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11_3",
        type: "task.progress",
        created_at: "2026-01-15T10:32:00.000Z",
        task_id: "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11",
        status: "initiated",
        progress: 0.5,
        message: "Rendering",
      },
    ],
  });

export const eventSchema = z
  .union([taskEventSchema, applicationEventSchema])
  .meta({ id: "Event", examples: taskEventSchema.meta()?.examples ?? [] });

export function applicationEventView(event: ApplicationEvent): z.input<typeof applicationEventSchema> {
  const payload = fromStorable(event.payload) as z.input<typeof jsonObject>;
  return { id: event.id, type: event.type, created_at: iso(event.createdAt), payload };
}

export function taskEventView(event: ListedTaskEvent): z.input<typeof taskEventSchema> {
  const { id, type, at, taskId: task_id, status, progress, message } = event;
  return { id, type, created_at: isoOf(at), task_id, status, progress, message };
}

export function eventView(event: RecentEvent): z.input<typeof eventSchema> {
  if (event.taskId !== null) return taskEventView(event);
  const { id, type, at, payload } = event;
  return { id, type, created_at: isoOf(at), payload };
}
