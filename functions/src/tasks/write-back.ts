import { type DocumentReference, type DocumentSnapshot, Timestamp } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { isSealed } from "../domain/keys.ts";
import { isFinal } from "../domain/task-state.ts";
import type { PendingWebhook } from "./pending-webhook.ts";

/**
 * Tells the application's own task document how its work stands (map `webhook`), and, at the end, leaves the result as a
 * comment of the assistant's. One transaction, which does nothing where a later write was told already; `updatedAt` is the
 * time of the write that is told, as the database gave it, so that no clock of ours decides.
 */
export async function writeBack(
  deps: Deps,
  after: DocumentSnapshot,
  task: PendingWebhook,
  previous: PendingWebhook | undefined,
): Promise<void> {
  const { updateTime } = after;
  if (task.objectId === null || updateTime === undefined || (previous !== undefined && !differs(task, previous)))
    return;
  const taskRef = deps.db.collection("tasks").doc(task.objectId);
  await deps.db.runTransaction(async (transaction) => {
    const document = await transaction.get(taskRef);
    const data = document.data();
    if (data === undefined || wasTold(data, updateTime)) return;
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
    if (isFinal(task.status)) transaction.set(commentRef(taskRef, after.id), comment(after.id, task));
  });
}

function differs(task: PendingWebhook, previous: PendingWebhook): boolean {
  return (["status", "progress", "resultUrl", "error"] as const).some((field) => task[field] !== previous[field]);
}

function wasTold(data: Readonly<Record<string, unknown>>, updateTime: Timestamp): boolean {
  const told: unknown = data.webhook;
  const at = told !== null && typeof told === "object" && "updatedAt" in told ? told.updatedAt : undefined;
  return at instanceof Timestamp && at.valueOf() >= updateTime.valueOf();
}

/** The document's owner may read it, so a credential does not stay there in the clear. Sealed, it still works in a copy of the document. */
function sealedCredentials(deps: Deps, data: Readonly<Record<string, unknown>>): Record<string, string> {
  const metadata: unknown = data.taskMetadata;
  const auth = metadata !== null && typeof metadata === "object" && "webhookAuth" in metadata && metadata.webhookAuth;
  return typeof auth === "string" && !isSealed(auth) ? { "taskMetadata.webhookAuth": deps.keys.seal(auth) } : {};
}

function commentRef(taskRef: DocumentReference, correlationId: string): DocumentReference {
  return taskRef.collection("comments").doc(correlationId);
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
