import type { Firestore } from "firebase-admin/firestore";
import { isDocumentId } from "../domain/document-id.ts";
import { BoomerangError } from "../domain/errors.ts";
import { type PendingWebhook, pendingWebhookRef, readPendingWebhook } from "./pending-webhook.ts";

/** Who asks. An admin sees every task, anybody else only those of their own owner id. */
export interface Viewer {
  readonly ownerId: string;
  readonly admin: boolean;
}

/** The task, where the viewer may see it. Throws `task_not_found` (404) in either other case, so that nobody can probe for ids. */
export async function findTask(db: Firestore, viewer: Viewer, id: string): Promise<PendingWebhook> {
  const data = isDocumentId(id) ? (await pendingWebhookRef(db, id).get()).data() : undefined;
  const task = data === undefined ? undefined : readPendingWebhook(data);
  if (task === undefined || !(viewer.admin || task.ownerId === viewer.ownerId)) throw taskNotFound(id);
  return task;
}

export function taskNotFound(id: string): BoomerangError {
  return new BoomerangError("task_not_found", `There is no task "${id.slice(0, 100)}".`, { status: 404 });
}
