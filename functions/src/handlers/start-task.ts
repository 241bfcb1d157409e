import type { FirestoreEvent, QueryDocumentSnapshot } from "firebase-functions/firestore";
import { deps } from "../deps.ts";
import { startTask } from "../tasks/start.ts";
import { documentOf } from "./event-document.ts";

/** `tasks/{taskId}` was created. */
export async function handleStart(event: FirestoreEvent<QueryDocumentSnapshot | undefined>): Promise<void> {
  await startTask(deps(), await documentOf(deps().db, event, event.data));
}
