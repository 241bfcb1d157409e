import type { Change, DocumentSnapshot, FirestoreEvent } from "firebase-functions/firestore";
import { deps } from "../deps.ts";
import { deriveConsequences } from "../tasks/consequences.ts";

/** `pendingWebhooks/{correlationId}` was created, changed or deleted. */
export async function handlePendingWebhook(event: FirestoreEvent<Change<DocumentSnapshot> | undefined>): Promise<void> {
  await deriveConsequences(deps(), event.data?.before, event.data?.after);
}
