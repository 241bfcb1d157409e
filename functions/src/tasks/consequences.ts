import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { isFinal } from "../domain/task-state.ts";
import { nextAttemptNumber } from "./attempt.ts";
import { notify } from "./notify.ts";
import { type PendingWebhook, readPendingWebhook } from "./pending-webhook.ts";
import { pendingSweepAt, sweepShardOf } from "./sweep-index.ts";
import { writeBack } from "./write-back.ts";

/**
 * Everything that follows from one write to `pendingWebhooks/{correlationId}`. It may run twice, late or out of order,
 * and comes to the same end: what it makes has a name that is derived from the write, and what it changes is guarded by
 * the time of the write. It throws where any part failed, and then runs again as a whole.
 */
export async function deriveConsequences(
  deps: Deps,
  before: DocumentSnapshot | undefined,
  after: DocumentSnapshot | undefined,
): Promise<void> {
  const data = after?.data();
  if (after === undefined || data === undefined) return;
  const task = readPendingWebhook(data);
  const previous = before?.exists ? readPendingWebhook(before.data() ?? {}) : undefined;
  await Promise.all([
    requestDispatch(deps, after.id, task, previous),
    adopt(after, task),
    writeBack(deps, after, task, previous),
    notify(deps, after.id, task, previous),
  ]);
}

/** The next outbound call goes to the queue when it is first due, due again, or overdue. */
async function requestDispatch(deps: Deps, correlationId: string, task: PendingWebhook, previous?: PendingWebhook) {
  if (task.status !== "pending") return;
  const name = dispatchName(correlationId, task);
  if (previous?.status === "pending" && dispatchName(correlationId, previous) === name) return;
  await deps.enqueue({
    queue: "dispatchTask",
    id: name,
    data: { correlationId, attempt: nextAttemptNumber(task) },
    runAt: task.nextAttemptAt,
  });
}

function dispatchName(correlationId: string, task: PendingWebhook): string {
  const rescue = task.rescues > 0 ? `-rescue-${task.rescues}` : "";
  return `${correlationId.replaceAll(/[^\w-]/g, "_")}-${nextAttemptNumber(task)}${rescue}`;
}

/** An open document that something else wrote, an import for instance, is put where the sweep sees it. */
async function adopt(after: DocumentSnapshot, task: PendingWebhook): Promise<void> {
  if (isFinal(task.status) || task.sweepShard !== undefined || typeof task.expiresAt !== "number") return;
  const { updateTime } = after;
  if (updateTime === undefined) return;
  const sweepAt = task.status === "pending" ? pendingSweepAt(task) : task.expiresAt;
  await after.ref.update({ sweepShard: sweepShardOf(after.id), sweepAt }, { lastUpdateTime: updateTime });
}
