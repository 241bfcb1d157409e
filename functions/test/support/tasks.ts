import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../../src/deps.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import {
  outcomeRef,
  type PendingWebhook,
  pendingWebhookRef,
  readPendingWebhook,
  type StoredOutcome,
} from "../../src/tasks/pending-webhook.ts";
import { submitTask } from "../../src/tasks/submit.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";

/** A request as it comes in, with what the test says instead. */
export function taskRequest(parts: Partial<TaskRequest> = {}): TaskRequest {
  return {
    ownerId: "owner-1",
    userId: "user-1",
    projectId: "project-1",
    objectId: null,
    assistantId: null,
    followers: [],
    worker: { url: "http://127.0.0.1:9/unused", auth: null },
    prompt: "A lighthouse at dusk",
    params: {},
    metadata: {},
    priority: 0,
    file: null,
    callbackUrl: null,
    callbackFormat: null,
    timeoutSeconds: null,
    retryOf: null,
    ...parts,
  };
}

/** Submits a task and gives its id. */
export async function submitted(deps: Deps, parts: Partial<TaskRequest> = {}): Promise<string> {
  const { task } = await submitTask(deps, taskRequest(parts));
  return task.correlationId;
}

/** The task as it stands. */
export async function readTask(deps: Deps, id: string): Promise<PendingWebhook> {
  const data = (await pendingWebhookRef(deps.db, id).get()).data();
  if (data === undefined) throw new Error(`no task ${id}`);
  return readPendingWebhook(data);
}

/** The document that decided how the task ended. */
export async function readOutcome(deps: Deps, id: string): Promise<StoredOutcome | undefined> {
  return (await outcomeRef(deps.db, id).get()).data() as StoredOutcome | undefined;
}

/** The document as it stands, for a trigger's `before` and `after`. */
export async function snapshotOf(deps: Deps, id: string): Promise<DocumentSnapshot> {
  return await pendingWebhookRef(deps.db, id).get();
}

/** What the trigger does on the write that led from `before` to what stands now; gives what stands now. */
export async function trigger(deps: Deps, id: string, before?: DocumentSnapshot): Promise<DocumentSnapshot> {
  const after = await snapshotOf(deps, id);
  await deriveConsequences(deps, before, after);
  return after;
}
