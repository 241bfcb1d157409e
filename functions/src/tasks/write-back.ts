import { type DocumentSnapshot, Timestamp, type Transaction } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { isDocumentId } from "../domain/document-id.ts";
import { isSealed } from "../domain/keys.ts";
import { isFinal } from "../domain/task-state.ts";
import { type PendingWebhook, pendingWebhookRef, readPendingWebhook } from "./pending-webhook.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Tells the application's own task document how its work stands (map `webhook`), and, at the end, leaves the result as a
 * comment of the assistant's. One transaction, which does nothing where a later write was told already; `updatedAt` is the
 * time of the write that is told, as the database gave it, so that no clock of ours decides. Where a document has had
 * several tasks, by a retry or by being made anew, the map tells of the last of them, and each leaves its own comment.
 */
export async function writeBack(
  deps: Deps,
  after: DocumentSnapshot,
  task: PendingWebhook,
  previous: PendingWebhook | undefined,
): Promise<void> {
  const { updateTime } = after;
  if (!isDocumentId(task.objectId) || updateTime === undefined) return;
  if (previous !== undefined && !differs(task, previous)) return;
  const taskRef = deps.db.collection("tasks").doc(task.objectId);
  const commentRef = taskRef.collection("comments").doc(after.id);
  await deps.db.runTransaction(async (transaction) => {
    const [document, left] = await transaction.getAll(taskRef, commentRef);
    const data = document?.data();
    if (data === undefined) return;
    const toldAlready = await isTold(deps, transaction, after.id, task, updateTime, data.webhook);

    if (isFinal(task.status) && !isSince(left?.get("updatedAt"), updateTime)) {
      transaction.set(commentRef, { ...comment(after.id, task), updatedAt: updateTime });
    }
    if (toldAlready) return;
    transaction.update(taskRef, {
      webhook: {
        correlationId: after.id,
        status: task.status,
        progress: task.progress,
        resultUrl: task.resultUrl,
        error: task.error,
        updatedAt: updateTime,
      },
      ...sealedCredentials(deps, data),
    });
  });
}

/** The document's owner may read it, so a credential does not stay there in the clear. Sealed, it still works in a copy of the document. */
export function sealedCredentials(deps: Deps, data: Fields): Record<string, string> {
  const metadata: unknown = data.taskMetadata;
  const auth = metadata !== null && typeof metadata === "object" && "webhookAuth" in metadata && metadata.webhookAuth;
  return typeof auth === "string" && !isSealed(auth) ? { "taskMetadata.webhookAuth": deps.keys.seal(auth) } : {};
}

function differs(task: PendingWebhook, previous: PendingWebhook): boolean {
  return (["status", "progress", "resultUrl", "error"] as const).some((field) => task[field] !== previous[field]);
}

/** Whether the map `webhook` tells of this write already, or of a later one, or of a task that was made later. */
async function isTold(
  deps: Deps,
  transaction: Transaction,
  correlationId: string,
  task: PendingWebhook,
  updateTime: Timestamp,
  map: unknown,
): Promise<boolean> {
  const told: Fields = map !== null && typeof map === "object" ? { ...map } : {};
  if (told.correlationId !== correlationId && isDocumentId(told.correlationId)) {
    const other = (await transaction.get(pendingWebhookRef(deps.db, told.correlationId))).data();
    const apartMs = other === undefined ? 0 : millisApart(readPendingWebhook(other), task);
    if (apartMs !== 0) return apartMs > 0;
  }
  return isSince(told.updatedAt, updateTime);
}

function millisApart(a: PendingWebhook, b: PendingWebhook): number {
  return a.createdAt.toMillis() - b.createdAt.toMillis();
}

function isSince(at: unknown, updateTime: Timestamp): boolean {
  return at instanceof Timestamp && at.valueOf() >= updateTime.valueOf();
}

function comment(correlationId: string, task: PendingWebhook) {
  return {
    correlationId,
    authorId: task.assistantId,
    authorType: "assistant",
    text: commentText(task),
    status: task.status,
    resultUrl: task.resultUrl,
    resultMetadata: task.resultMetadata,
    error: task.error,
    createdAt: task.completedAt,
  };
}

function commentText(task: PendingWebhook): string {
  if (task.status === "completed") return task.resultUrl === null ? "Done." : `Done: ${task.resultUrl}`;
  const what = task.status === "cancelled" ? "was cancelled" : task.status === "expired" ? "took too long" : "failed";
  return task.error === null ? `The task ${what}.` : `The task ${what}: ${task.error}`;
}
