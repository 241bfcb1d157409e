import type { FirestoreEvent, QueryDocumentSnapshot } from "firebase-functions/firestore";
import { deps } from "../deps.ts";
import type { ApplicationEvent } from "../webhooks/outgoing-event.ts";
import { publishApplicationEvent } from "../webhooks/publish.ts";
import { documentOf } from "./event-document.ts";

/** `events/{eventId}` was created. */
export async function handleEvent(event: FirestoreEvent<QueryDocumentSnapshot | undefined>): Promise<void> {
  const data = (await documentOf(deps().db, event, event.data)).data();
  if (data !== undefined) await publishApplicationEvent(deps(), data as ApplicationEvent);
}
