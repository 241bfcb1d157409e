import type { Deps } from "../deps.ts";
import { isDocumentId } from "../domain/document-id.ts";
import { sequence } from "../domain/events.ts";
import { alreadyExists, hasCode } from "../platform/firestore.ts";
import { commitShared } from "../platform/shared-commit.ts";
import type { PendingWebhook } from "./pending-webhook.ts";

/**
 * One notification for the user and one for each follower, for every final event that this write added. Its id is derived
 * from the event, so that a second run neither adds one nor makes a read one unread.
 */
export async function notify(
  deps: Deps,
  correlationId: string,
  task: PendingWebhook,
  previous: PendingWebhook | undefined,
): Promise<void> {
  const known = new Set(previous?.history.map((event) => event.seq));
  const events = task.history.filter((event) => event.seq >= sequence.final && !known.has(event.seq));
  const people = new Set([task.userId, ...task.followers].filter(isDocumentId));
  await Promise.all(
    events.flatMap((event) =>
      [...people].map(async (userId) => {
        const ref = deps.db.doc(`users/${userId}/notifications/${correlationId}-${event.seq}`);
        try {
          const notification = {
            type: event.type,
            status: event.status,
            correlationId,
            taskId: task.objectId ?? correlationId,
            projectId: task.projectId,
            text: notificationText(event.status),
            resultUrl: task.resultUrl,
            error: task.error,
            read: false,
            createdAt: event.at,
            ...(task.purgeAt === undefined ? {} : { purgeAt: task.purgeAt }),
          };
          await commitShared(deps.db, {
            about: ref.path,
            bytes: JSON.stringify(notification).length,
            addTo: (batch) => batch.create(ref, notification),
          });
        } catch (error) {
          if (!hasCode(error, alreadyExists)) throw error;
        }
      }),
    ),
  );
}

function notificationText(status: PendingWebhook["status"]): string {
  if (status === "completed") return "Your task is done.";
  if (status === "expired") return "Your task took too long and was given up.";
  return status === "cancelled" ? "Your task was cancelled." : "Your task failed.";
}
