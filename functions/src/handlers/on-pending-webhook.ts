import type { Change, DocumentSnapshot, FirestoreEvent } from "firebase-functions/firestore";
import { deps } from "../deps.ts";
import { leaveDomain } from "../platform/leave-domain.ts";
import { deriveConsequences } from "../tasks/consequences.ts";
import { documentOf } from "./event-document.ts";

/** `pendingWebhooks/{correlationId}` was created, changed or deleted. */
export async function handlePendingWebhook(event: FirestoreEvent<Change<DocumentSnapshot> | undefined>): Promise<void> {
  leaveDomain();
  const after = await documentOf(deps().db, event, event.data?.after);
  await deriveConsequences(deps(), event.data?.before, after);
}
