import type { Format, OutgoingEvent } from "./format.ts";
import { otherEnd, resultFields } from "./result.ts";
import { isoSeconds } from "./time.ts";

/** MoRAG's webhooks: `{event_type, timestamp, data}`. */
export const morag: Format = {
  name: "morag",
  contentType: "application/json",
  retries: { delaysSeconds: [5, 10, 20], capSeconds: 3_600, jitter: 0 },
  render: (event) => JSON.stringify(moragBody(event)),
};

/** What a webhook says of an event. */
export function moragBody(event: OutgoingEvent) {
  return { event_type: eventType(event), timestamp: isoSeconds(event.at), data: data(event) };
}

/** Its receivers know four types: whatever did not complete has failed. */
function eventType(event: OutgoingEvent): string {
  if (event.kind === "application") return event.type.replaceAll(".", "_");
  return `task_${event.kind === "cancelled" ? "failed" : event.kind}`;
}

function data(event: OutgoingEvent): Readonly<Record<string, unknown>> {
  if (event.kind === "application") return event.payload;
  const { task } = event;
  const { id: task_id, message, metadata } = task;
  switch (event.kind) {
    case "started":
      return { task_id, status: "started", message: message ?? "Task processing started", metadata };
    case "progress":
      return { task_id, status: "progress", progress: task.progress, message: message ?? "Processing...", metadata };
    case "completed":
      return {
        task_id,
        status: "completed",
        message: message ?? "Task completed successfully",
        ...resultFields(task),
        metadata,
      };
    case "failed":
    case "cancelled":
      return {
        task_id,
        status: "failed",
        message: message ?? "Task failed",
        error: task.error,
        ...otherEnd(task),
        metadata,
      };
  }
}
