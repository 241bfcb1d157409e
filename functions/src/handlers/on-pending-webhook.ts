import type { Change, DocumentSnapshot, FirestoreEvent } from "firebase-functions/firestore";
import { deps } from "../deps.ts";
import { leaveDomain } from "../platform/leave-domain.ts";
import { deriveConsequences } from "../tasks/consequences.ts";

/** `pendingWebhooks/{correlationId}` was created, changed or deleted. */
export async function handlePendingWebhook(event: FirestoreEvent<Change<DocumentSnapshot> | undefined>): Promise<void> {
  leaveDomain();
  await deriveConsequences(deps(), event.data?.before, event.data?.after);
}
