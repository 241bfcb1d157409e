import type { Deps } from "../deps.ts";
import type { OutgoingEvent } from "../formats/format.ts";
import { createPageRoom } from "../platform/list-documents.ts";
import { pendingWebhookRef, readPendingWebhook } from "../tasks/pending-webhook.ts";
import { eventSource, taskEvents } from "./outgoing-event.ts";
import { cursorAfterEvent, type RecentEvent, type RecentQuery, recentEvents } from "./recent-events.ts";

/** Of how many events the tasks are read at once: each may have up to 1 MiB. */
const readAtOnce = 20;

/**
 * An owner's events of the last hours, newest first, whole: as they are sent to subscribers. One whose task has been deleted meanwhile
 * is left out, and a page of large ones ends early. Throws 400 for a cursor of another list.
 */
export async function recentOutgoingEvents(
  deps: Deps,
  ownerId: string,
  query: RecentQuery,
): Promise<{ data: OutgoingEvent[]; nextCursor: string | null }> {
  const { data: listed, nextCursor } = await recentEvents(deps, ownerId, query);
  const wanted = new Set(listed.map(({ id }) => id));
  const tasksRead = new Set<string>();
  const ofTasks = new Map<string, OutgoingEvent>();
  const hasRoom = createPageRoom();
  const data: OutgoingEvent[] = [];
  for (let start = 0; start < listed.length; start += readAtOnce) {
    const some = listed.slice(start, start + readAtOnce);
    const taskIds = new Set(some.flatMap(({ taskId }) => (taskId === null || tasksRead.has(taskId) ? [] : taskId)));
    for (const event of await eventsOfTasks(deps, taskIds)) if (wanted.has(event.id)) ofTasks.set(event.id, event);
    for (const id of taskIds) tasksRead.add(id);
    for (const event of some.flatMap((one) => whole(deps, one, ofTasks))) {
      const last = data.at(-1);
      if (!hasRoom(event) && last !== undefined) return { data, nextCursor: cursorAfterEvent(ownerId, last) };
      data.push(event);
    }
  }
  return { data, nextCursor };
}

async function eventsOfTasks(deps: Deps, ids: ReadonlySet<string>): Promise<OutgoingEvent[]> {
  const refs = [...ids].map((id) => pendingWebhookRef(deps.db, id));
  const snapshots = refs.length === 0 ? [] : await deps.db.getAll(...refs);
  return snapshots
    .flatMap((snapshot) => snapshot.data() ?? [])
    .flatMap((task) => taskEvents(readPendingWebhook(task), eventSource(deps.config)));
}

function whole(deps: Deps, listed: RecentEvent, ofTasks: ReadonlyMap<string, OutgoingEvent>): OutgoingEvent[] {
  const { id, type, at } = listed;
  const event: OutgoingEvent | undefined =
    listed.taskId !== null
      ? ofTasks.get(id)
      : { id, type, at, source: eventSource(deps.config), kind: "application", payload: listed.payload };
  return event === undefined ? [] : [event];
}
