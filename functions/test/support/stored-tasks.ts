import { randomUUID } from "node:crypto";
import type { Deps } from "../../src/deps.ts";
import { type PendingWebhook, pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { submitted } from "./tasks.ts";

/** Stores a task for each of these, like one that was submitted just now but for what is said of it; gives their ids in that order. */
export async function storeTasks(deps: Deps, all: readonly Partial<PendingWebhook>[]): Promise<string[]> {
  const model = pendingWebhookRef(deps.db, await submitted(deps));
  const data = (await model.get()).data();
  await model.delete();
  const batch = deps.db.batch();
  const ids = all.map((parts) => {
    const correlationId = parts.correlationId ?? randomUUID();
    batch.create(pendingWebhookRef(deps.db, correlationId), { ...data, correlationId, ...parts });
    return correlationId;
  });
  await batch.commit();
  return ids;
}
