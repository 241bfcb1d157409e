import type { Deps } from "../deps.ts";
import type { Owners } from "../domain/owners.ts";
import { statuses, type TaskStatus } from "../domain/task-state.ts";
import { timestamp } from "../platform/firestore.ts";
import { type PageQuery, readNewestFirst, withFields } from "../platform/list-documents.ts";
import { type PendingWebhook, pendingWebhooks, readPendingWebhook } from "./pending-webhook.ts";

/** Which tasks; what is left out does not count. */
export interface TaskFilter {
  readonly status?: TaskStatus | undefined;
  readonly service?: string | undefined;
  readonly projectId?: string | undefined;
  readonly userId?: string | undefined;
  /** Submitted then or later, milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Submitted before, milliseconds since 1970. */
  readonly until?: number | undefined;
}

export interface TaskPage {
  readonly data: PendingWebhook[];
  readonly nextCursor: string | null;
}

/** Tasks, newest first, by cursor. Throws 400 for a cursor of another list. */
export async function listTasks(deps: Deps, owners: Owners, filter: TaskFilter, page: PageQuery): Promise<TaskPage> {
  const { status, service, projectId, userId, since, until } = filter;
  const ownerId = owners === "everybody" ? undefined : owners.ownerId;
  let query = withFields(pendingWebhooks(deps.db), { ownerId, status, service, projectId, userId }, statuses);
  if (since !== undefined) query = query.where("createdAt", ">=", timestamp(since));
  if (until !== undefined) query = query.where("createdAt", "<", timestamp(until));
  const list = ["tasks", owners, status, service, projectId, userId, since, until];
  const { docs, nextCursor } = await readNewestFirst(query, list, page);
  return { data: docs.map((doc) => readPendingWebhook(doc.data())), nextCursor };
}
