import type { FirestoreEvent, QueryDocumentSnapshot } from "firebase-functions/firestore";
import { deps } from "../deps.ts";
import { startTask } from "../tasks/start.ts";

/** `tasks/{taskId}` was created. */
export async function handleStart(event: FirestoreEvent<QueryDocumentSnapshot | undefined>): Promise<void> {
  if (event.data !== undefined) await startTask(deps(), event.data);
}
