import type { Format, OutgoingEvent, RetrySchedule, TaskFacts } from "./format.ts";
import { iso } from "./time.ts";

const minute = 60;
const hour = 3_600;

/** The schedule that Standard Webhooks recommends. */
export const standardRetries: RetrySchedule = {
  delaysSeconds: [5, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour],
  capSeconds: 24 * hour,
  jitter: 0.2,
};

/** Standard Webhooks (standardwebhooks.com): `{type, timestamp, data}`. */
export const standard: Format = {
  name: "standard",
  contentType: "application/json",
  retries: standardRetries,
  render: (event) => JSON.stringify({ type: event.type, timestamp: iso(event.at), data: eventData(event) }),
};

/** What an event says, in the API's own words. */
export function eventData(event: OutgoingEvent): unknown {
  return event.kind === "application" ? event.payload : taskData(event.task);
}

function taskData(task: TaskFacts) {
  return {
    id: task.id,
    status: task.outcome ?? "initiated",
    service: task.service,
    project_id: task.projectId,
    user_id: task.userId,
    progress: task.progress,
    message: task.message,
    result_url: task.resultUrl,
    result: task.result,
    result_metadata: task.resultMetadata,
    error: task.error,
    error_code: task.errorCode,
    metadata: task.metadata,
    created_at: iso(task.createdAt),
    completed_at: task.completedAt === null ? null : iso(task.completedAt),
  };
}
