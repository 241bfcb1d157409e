import type { Format, OutgoingEvent, TaskFacts } from "./format.ts";
import { otherEnd } from "./result.ts";
import { isoSeconds } from "./time.ts";

/** The Task Service's callback: one body for success, one for failure, and none for anything on the way. */
export const taskService: Format = {
  name: "task-service",
  contentType: "application/json",
  retries: { delaysSeconds: [1, 2, 4], capSeconds: 3_600, jitter: 0 },
  render(event) {
    const body = taskServiceBody(event);
    return body === undefined ? undefined : JSON.stringify(body);
  },
  isSuccess: (status) => [200, 201, 202, 204].includes(status),
};

/** What the callback says of the end of a task; undefined for anything on the way. */
export function taskServiceBody(event: OutgoingEvent) {
  if (event.kind === "completed") return success(event.task, event.at);
  if (event.kind === "failed" || event.kind === "cancelled") return failure(event.task, event.at);
  return undefined;
}

function success(task: TaskFacts, at: number) {
  return {
    task_id: task.id,
    project_id: task.projectId,
    status: "completed",
    result: mediaResult(task),
    processing_time: Math.round((at - task.createdAt) / 1_000),
    completed_at: isoSeconds(at),
    metadata: task.metadata,
  };
}

/** The service's own fields beside `media_url`; a result that has no fields stands in `value`. */
function mediaResult({ result, resultUrl, resultMetadata }: TaskFacts) {
  const fields = isObject(result) ? result : result == null ? {} : { value: result };
  return { media_url: resultUrl, ...fields, metadata: resultMetadata ?? fields.metadata ?? {} };
}

/** Its receivers know two words, `completed` and `failed`: whatever did not complete has failed. */
function failure(task: TaskFacts, at: number) {
  return {
    task_id: task.id,
    project_id: task.projectId,
    status: "failed",
    error: task.error,
    ...otherEnd(task),
    traceback: isObject(task.resultMetadata) ? (task.resultMetadata.traceback ?? null) : null,
    failed_at: isoSeconds(at),
    metadata: task.metadata,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
