import type { FirestoreEvent, QueryDocumentSnapshot } from "firebase-functions/firestore";
import { deps } from "../deps.ts";
import type { ApplicationEvent } from "../webhooks/outgoing-event.ts";
import { publishApplicationEvent } from "../webhooks/publish.ts";

/** `events/{eventId}` was created. */
export async function handleEvent(event: FirestoreEvent<QueryDocumentSnapshot | undefined>): Promise<void> {
  if (event.data !== undefined) await publishApplicationEvent(deps(), event.data.data() as ApplicationEvent);
}
