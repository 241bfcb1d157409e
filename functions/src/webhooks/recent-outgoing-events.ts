import type { Deps } from "../deps.ts";
import type { OutgoingEvent } from "../formats/format.ts";
import { pendingWebhookRef, readPendingWebhook } from "../tasks/pending-webhook.ts";
import { eventSource, taskEvents } from "./outgoing-event.ts";
import { type RecentQuery, recentEvents } from "./recent-events.ts";

/**
 * An owner's events of the last hours, newest first, whole: as they are sent to subscribers. One whose task has been deleted meanwhile
 * is left out. Throws 400 for a cursor of another list.
 */
export async function recentOutgoingEvents(
  deps: Deps,
  ownerId: string,
  query: RecentQuery,
): Promise<{ data: OutgoingEvent[]; nextCursor: string | null }> {
  const { data, nextCursor } = await recentEvents(deps, ownerId, query);
  const source = eventSource(deps.config);
  const taskIds = new Set(data.flatMap(({ taskId }) => taskId ?? []));
  const refs = [...taskIds].map((id) => pendingWebhookRef(deps.db, id));
  const snapshots = refs.length === 0 ? [] : await deps.db.getAll(...refs);
  const byId = new Map(
    snapshots
      .flatMap((snapshot) => snapshot.data() ?? [])
      .flatMap((task) => taskEvents(readPendingWebhook(task), source))
      .map((event) => [event.id, event]),
  );
  const whole = data.flatMap((listed): OutgoingEvent | readonly [] => {
    if (listed.taskId !== null) return byId.get(listed.id) ?? [];
    const { id, type, at, payload } = listed;
    return { id, type, at, source, kind: "application", payload };
  });
  return { data: whole, nextCursor };
}
