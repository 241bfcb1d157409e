import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { cancelled } from "../domain/outcome.ts";
import { isFinal } from "../domain/task-state.ts";
import { findTask, taskNotFound, type Viewer } from "./find-task.ts";
import type { PendingWebhook } from "./pending-webhook.ts";
import { settle } from "./settle.ts";

/**
 * Calls an open task off. The service is not told; what it still reports is refused and kept.
 * Cancelling twice is cancelling once. Throws `task_not_found` (404), `task_is_final` (409).
 */
export async function cancelTask(deps: Deps, viewer: Viewer, id: string): Promise<PendingWebhook> {
  const task = await findTask(deps.db, viewer, id);
  // One that was imported as finished has no outcome document that would refuse a second end.
  if (isFinal(task.status)) return alreadyCancelled(task);
  const settled = await settle(deps.db, {
    correlationId: id,
    outcome: cancelled(viewer.admin ? "an operator" : "its owner"),
    eventPrefix: task.eventPrefix,
    createdAt: task.createdAt.toMillis(),
    now: deps.now(),
    retentionMs: deps.config.taskRetentionMs,
  });
  if (settled === "unknown_task") throw taskNotFound(id);
  return alreadyCancelled(await findTask(deps.db, viewer, id));
}

function alreadyCancelled(task: PendingWebhook): PendingWebhook {
  if (task.status === "cancelled") return task;
  const message = `The task is ${task.status} already and cannot be cancelled.`;
  throw new BoomerangError("task_is_final", message, { status: 409 });
}
