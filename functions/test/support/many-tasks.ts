import { randomUUID } from "node:crypto";
import type { DocumentData } from "firebase-admin/firestore";
import type { Deps } from "../../src/deps.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { sweepShardOf } from "../../src/tasks/sweep-index.ts";
import { submitted } from "./tasks.ts";

/** A commit takes 500 writes. */
const writesPerCommit = 500;

/** That many correlation ids, all in one shard of the sweep's index if the test says so. */
export function newIds(count: number, shard?: number): string[] {
  const ids: string[] = [];
  while (ids.length < count) {
    const id = randomUUID();
    if (shard === undefined || sweepShardOf(id) === shard) ids.push(id);
  }
  return ids;
}

/** Stores a task under each id, like one that was submitted just now but for what `changes` says. */
export async function storeMany(deps: Deps, ids: readonly string[], changes: DocumentData): Promise<void> {
  const model = pendingWebhookRef(deps.db, await submitted(deps));
  const data = (await model.get()).data();
  await model.delete();
  for (let start = 0; start < ids.length; start += writesPerCommit) {
    const batch = deps.db.batch();
    for (const correlationId of ids.slice(start, start + writesPerCommit)) {
      const document = { ...data, correlationId, sweepShard: sweepShardOf(correlationId), ...changes };
      batch.create(pendingWebhookRef(deps.db, correlationId), document);
    }
    await batch.commit();
  }
}
