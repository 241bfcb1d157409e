import { setTimeout as sleep } from "node:timers/promises";
import type { FirestoreProcess } from "../stack/firestore-process.ts";

/** SIGSTOP, and SIGCONT after `ms`: for so long nobody gets an answer. */
export async function pauseFirestore({ signal }: FirestoreProcess, ms: number): Promise<void> {
  signal("SIGSTOP");
  try {
    await sleep(ms);
  } finally {
    signal("SIGCONT");
  }
}

/**
 * Has the emulator post the events of a kind of document to `/functions/projects/{project}/triggers/{name}` of who gets its
 * events. As firebase-tools does it for a function of the 2nd generation.
 */
export async function addTrigger(
  { address }: FirestoreProcess,
  projectId: string,
  name: string,
  on: "created" | "written",
  path: string,
): Promise<void> {
  const url = `http://${address}/emulator/v1/projects/${projectId}/eventarcTrigger?eventarcTriggerId=${name}`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: "Bearer owner", "content-type": "application/json" },
    body: JSON.stringify({
      eventType: `google.cloud.firestore.document.v1.${on}`,
      database: "(default)",
      namespace: "(default)",
      document: { value: path, matchType: "PATH_PATTERN" },
    }),
  });
  if (!answer.ok) throw new Error(`The Firestore emulator refused the trigger ${name}: ${await answer.text()}`);
}
