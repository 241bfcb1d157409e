import { AggregateField } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import type { Owners } from "../domain/owners.ts";
import { statuses, type TaskStatus } from "../domain/task-state.ts";
import { timestamp } from "../platform/firestore.ts";
import { ownedBy } from "../platform/list-documents.ts";
import { pendingWebhooks } from "./pending-webhook.ts";

/** How the tasks that were submitted since then stand. */
export interface TaskStats {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly total: number;
  readonly byStatus: Readonly<Record<TaskStatus, number>>;
  /** Completed ones among those that ended otherwise than by being cancelled, 0 to 1; null where there are none. */
  readonly successRate: number | null;
  /** From submission to completion, of completed ones; null where there are none. */
  readonly meanDurationMs: number | null;
}

/**
 * Counts the tasks of the last `hours`. The database counts in its indexes (one read for each 1,000 entries), and all at one
 * moment: a task that ends meanwhile is counted once.
 */
export async function taskStats(deps: Deps, owners: Owners, hours: number): Promise<TaskStats> {
  const since = deps.now() - hours * 3_600_000;
  const recent = ownedBy(pendingWebhooks(deps.db), owners).where("createdAt", ">=", timestamp(since));
  const counts = statuses.map((status) => recent.where("status", "==", status).orderBy("createdAt", "desc").count());
  const mean = recent
    .where("status", "==", "completed")
    .aggregate({ durationMs: AggregateField.average("durationMs") });

  const [numbers, averaged] = await deps.db.runTransaction(
    async (transaction) => {
      const counted = Promise.all(counts.map(async (count) => (await transaction.get(count)).data().count));
      return await Promise.all([counted, transaction.get(mean)]);
    },
    { readOnly: true },
  );
  const byStatus = Object.fromEntries(statuses.map((status, n) => [status, numbers[n] ?? 0])) as TaskStats["byStatus"];
  const { completed, failed, expired } = byStatus;
  const { durationMs } = averaged.data();
  const ended = completed + failed + expired;
  return {
    since,
    total: numbers.reduce((sum, number) => sum + number, 0),
    byStatus,
    successRate: ended === 0 ? null : completed / ended,
    meanDurationMs: durationMs === null ? null : Math.round(durationMs),
  };
}
