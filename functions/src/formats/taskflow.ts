import type { Format, OutgoingEvent } from "./format.ts";
import { resultFields } from "./result.ts";
import { sha256Signature } from "./sha256-signature.ts";
import { isoSeconds } from "./time.ts";

/** TaskFlow's webhooks: `{type, request_id, timestamp, payload}`. */
export const taskflow: Format = {
  name: "taskflow",
  contentType: "application/json",
  retries: { delaysSeconds: [2, 4, 8], capSeconds: 60, jitter: 0 },
  render: (event) =>
    JSON.stringify({
      type: event.type,
      request_id: requestId(event),
      timestamp: isoSeconds(event.at),
      payload: payload(event),
    }),
  headers: ({ id, eventType, body, secret }) => ({
    "X-TaskFlow-Event": eventType,
    "X-TaskFlow-Delivery-ID": id,
    ...(secret === null ? {} : { "X-TaskFlow-Signature": sha256Signature(secret, body) }),
  }),
};

/** TaskFlow's own numbers travel in the task's metadata, or in the application's payload. */
function requestId(event: OutgoingEvent): unknown {
  return (event.kind === "application" ? event.payload : event.task.metadata).request_id ?? null;
}

function payload(event: OutgoingEvent): Readonly<Record<string, unknown>> {
  if (event.kind === "application") return event.payload;
  const { task } = event;
  const job = { job_id: task.id, workflow_id: task.metadata.workflow_id ?? null };
  const duration_ms = event.at - task.createdAt;
  switch (event.kind) {
    case "started":
      return job;
    case "progress":
      return { ...job, progress: task.progress, message: task.message };
    case "completed":
      return { ...job, duration_ms, ...resultFields(task) };
    case "failed":
    case "cancelled":
      return { ...job, duration_ms, status: task.outcome, error: task.error };
  }
}
