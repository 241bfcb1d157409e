import { createHash } from "node:crypto";
import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { isFinal } from "../domain/task-state.ts";
import type { FileReference } from "../platform/files.ts";
import { failedPrecondition, hasCode, notFound } from "../platform/firestore.ts";
import { publishTaskEvents } from "../webhooks/publish.ts";
import { nextAttemptNumber } from "./attempt.ts";
import { notify } from "./notify.ts";
import { type PendingWebhook, readPendingWebhook } from "./pending-webhook.ts";
import { pendingSweepAt, sweepShardOf } from "./sweep-index.ts";
import { writeBack } from "./write-back.ts";

/**
 * Everything that follows from one write to `pendingWebhooks/{correlationId}`. It may run twice, late or out of order,
 * and comes to the same end: what it makes has a name that is derived from the write, and what it changes is guarded by
 * the time of the write. It throws where any part failed, but only when the others are done, and then runs again as a whole.
 */
export async function deriveConsequences(
  deps: Deps,
  before: DocumentSnapshot | undefined,
  after: DocumentSnapshot | undefined,
): Promise<void> {
  const previous = before?.exists ? readPendingWebhook(before.data() ?? {}) : undefined;
  const data = after?.data();
  if (after === undefined || data === undefined) return await dropFiles(deps, (after ?? before)?.id, previous);
  const task = readPendingWebhook(data);
  const parts = await Promise.allSettled([
    requestDispatch(deps, after.id, task, previous),
    adopt(deps, after, task),
    writeBack(deps, after, task, previous),
    notify(deps, after.id, task, previous),
    publishTaskEvents(deps, after.id, task, previous),
    task.status === "completed" && previous?.status !== "completed" ? dropFile(deps, task) : undefined,
  ]);
  for (const part of parts) if (part.status === "rejected") throw part.reason;
}

/** Nobody needs the file of a task that is completed; one that failed may be tried again. */
async function dropFile(deps: Deps, task: PendingWebhook | undefined): Promise<void> {
  if (task?.file != null) await deps.files.delete(task.file.path);
}

/** All that a deleted task has in Cloud Storage: its file, and what was too large for its document. */
async function dropFiles(deps: Deps, id: string | undefined, task: PendingWebhook | undefined): Promise<void> {
  if (id === undefined) return;
  const [uploads, results] = [`uploads/${id}`, `results/${id}`];
  // An event that came without its data does not say what there was.
  const dropped =
    task === undefined
      ? [deps.files.deleteFolder(uploads), deps.files.deleteFolder(results)]
      : [dropFile(deps, task), ...keptPaths(task, results).map((path) => deps.files.delete(path))];
  await Promise.all(dropped);
}

/** Where the large parts of a task's outcomes are. Only in its own folder: a service may have sent such a reference itself. */
function keptPaths({ result, resultMetadata, lateCallback }: PendingWebhook, folder: string): string[] {
  const parts = [
    result,
    resultMetadata,
    lateCallback?.result,
    lateCallback?.resultMetadata,
  ] as Partial<FileReference>[];
  const paths: unknown[] = parts.map((part) => part?.$storage?.path);
  const own = paths.filter((path): path is string => typeof path === "string" && path.startsWith(`${folder}/`));
  return [...new Set(own)];
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

/** Cloud Tasks takes letters, digits, dashes and underscores, at most 500: an imported id may have others. */
function dispatchName(correlationId: string, task: PendingWebhook): string {
  const rescue = task.rescues > 0 ? `-rescue-${task.rescues}` : "";
  const name = /^[\w-]{1,400}$/.test(correlationId)
    ? correlationId
    : createHash("sha256").update(correlationId).digest("hex");
  return `${name}-${nextAttemptNumber(task)}${rescue}`;
}

/**
 * An open document that something else wrote, an import for instance, is put where the sweep and the lists see it. Where it
 * was written again meanwhile, that write's own run does it.
 */
async function adopt(deps: Deps, after: DocumentSnapshot, task: PendingWebhook): Promise<void> {
  const { updateTime } = after;
  if (isFinal(task.status) || task.sweepShard !== undefined || updateTime === undefined) return;
  const { ownerId, createdAt, updatedAt, timeoutSeconds, expiresAt, rescues } = task;
  const nextAttemptAt = Math.max(task.nextAttemptAt, deps.now());
  const sweepAt = task.status === "pending" ? pendingSweepAt({ expiresAt, nextAttemptAt, rescues }) : expiresAt;
  const adopted = {
    ownerId,
    createdAt,
    updatedAt,
    timeoutSeconds,
    expiresAt,
    sweepShard: sweepShardOf(after.id),
    sweepAt,
  };
  try {
    await after.ref.update(adopted, { lastUpdateTime: updateTime });
  } catch (error) {
    if (!hasCode(error, failedPrecondition, notFound)) throw error;
  }
}
