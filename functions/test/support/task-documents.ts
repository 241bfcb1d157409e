import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DocumentData, DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../../src/deps.ts";
import { type PendingWebhook, pendingWebhooks, readPendingWebhook } from "../../src/tasks/pending-webhook.ts";

/** The example of a `taskMetadata` that the product was ordered with, word for word. */
export const exampleMetadata: { readonly webhookUrl: string; readonly webhookParams: object } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/webhook-task-metadata.json"), "utf8"),
);

/** Writes a document of the app's, and gives what its trigger gets. */
export async function written(
  { db }: Deps,
  data: DocumentData,
  taskId: string = randomUUID(),
): Promise<DocumentSnapshot> {
  const ref = db.collection("tasks").doc(taskId);
  await ref.set(data);
  return await ref.get();
}

/** Every task that came of that document. */
export async function tasksFrom({ db }: Deps, document: DocumentSnapshot): Promise<PendingWebhook[]> {
  const { docs } = await pendingWebhooks(db).where("objectId", "==", document.id).get();
  return docs.map((doc) => readPendingWebhook(doc.data()));
}

/** The one task that came of that document. */
export async function taskFrom(deps: Deps, document: DocumentSnapshot): Promise<PendingWebhook> {
  const [task, ...others] = await tasksFrom(deps, document);
  if (task === undefined || others.length > 0) throw new Error(`${others.length} tasks too many, or none`);
  return task;
}

/** The map `webhook` as the app reads it. */
export async function mapOf(document: DocumentSnapshot): Promise<unknown> {
  return (await document.ref.get()).get("webhook");
}
