import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { fromStorable } from "../domain/storable.ts";
import { findTask, type Viewer } from "./find-task.ts";
import { type PendingWebhook, pendingWebhookRef, readPendingWebhook, type TaskFile } from "./pending-webhook.ts";
import { derivedId, type Submission, submitTask } from "./submit.ts";
import { submitWithFile } from "./task-file.ts";
import type { TaskRequest } from "./task-request.ts";

/**
 * Sends a task that failed, expired or was cancelled out again, as a new task: what is final stays final. The new one's
 * id is derived, so that asking twice is asking once; to retry again, retry the new one.
 * Throws `task_not_found` (404), `task_not_retryable` (409), `file_gone` (409), and what `submitTask` throws.
 */
export async function retryTask(deps: Deps, viewer: Viewer, id: string): Promise<Submission> {
  const task = await findTask(deps.db, viewer, id);
  if (task.status === "completed" || task.status === "pending" || task.status === "initiated") {
    const advice =
      task.status === "completed" ? "There is nothing to retry." : "Cancel it first, or wait for its deadline.";
    throw new BoomerangError("task_not_retryable", `The task is ${task.status}. ${advice}`, { status: 409 });
  }
  const request = sameRequest(task, id);
  const newId = derivedId("retry", id);
  return task.file === null ? await submitTask(deps, request, newId) : await withCopy(deps, task.file, request, newId);
}

/** The new task gets a copy of the file, as each has its own. */
async function withCopy(deps: Deps, file: TaskFile, request: TaskRequest, newId: string): Promise<Submission> {
  // The file may have gone since the first time that this was asked.
  const stored = (await pendingWebhookRef(deps.db, newId).get()).data();
  if (stored !== undefined) return { task: readPendingWebhook(stored), created: false };
  return await submitWithFile(deps, newId, async (path) => {
    if (await deps.files.copy(file.path, path)) return { ...request, file: { ...file, path } };
    const message = "The task's file is not kept any more. Submit it again, with the file.";
    throw new BoomerangError("file_gone", message, { status: 409 });
  });
}

function sameRequest(task: PendingWebhook, id: string): TaskRequest {
  const { ownerId, userId, projectId, objectId, assistantId, followers, prompt, priority } = task;
  return {
    ...{ ownerId, userId, projectId, objectId, assistantId, followers, prompt, priority },
    worker: task.service === null ? { url: task.webhookUrl, auth: task.sealedAuth } : { service: task.service },
    params: asObject(fromStorable(task.params)),
    metadata: asObject(fromStorable(task.metadata)),
    file: task.file,
    callbackUrl: task.callbackUrl,
    callbackFormat: task.callbackFormat,
    timeoutSeconds: task.timeoutSeconds,
    retryOf: id,
  };
}

function asObject(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? { ...value } : {};
}
