import { type Query, type QueryDocumentSnapshot, Timestamp } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { type ListName, readCursor, writeCursor } from "../domain/list-cursor.ts";
import { fromStorable } from "../domain/storable.ts";
import type { TaskStatus } from "../domain/task-state.ts";
import { timestamp } from "../platform/firestore.ts";
import { withinPage } from "../platform/list-documents.ts";
import { type PendingWebhook, pendingWebhooks, readPendingWebhook } from "../tasks/pending-webhook.ts";
import { eventIdOf } from "./delivery.ts";
import type { ApplicationEvent } from "./outgoing-event.ts";
import { events } from "./publish-event.ts";

/** What happened. `at` is in milliseconds since 1970. */
interface Happening {
  readonly id: string;
  readonly type: string;
  readonly at: number;
}

/** An event of a task, as a list shows it. */
export interface ListedTaskEvent extends Happening {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly progress: number | null;
  readonly message: string | null;
}

/** An event of a task or of the application, as the list shows it. */
export type RecentEvent =
  | ListedTaskEvent
  | (Happening & { readonly taskId: null; readonly payload: Record<string, unknown> });

const readAtOnce = 100;

/** `hours` back from now, `limit` events at most, after the one that `cursor` names. */
export interface RecentQuery {
  readonly hours: number;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * An owner's events of the last hours, of tasks and application together, newest first. A page of large ones ends early. Throws 400
 * for a cursor of another list.
 */
export async function recentEvents(
  deps: Deps,
  ownerId: string,
  { hours, limit, cursor }: RecentQuery,
): Promise<{ data: RecentEvent[]; nextCursor: string | null }> {
  const before = cursor === undefined ? undefined : positionOf(listOf(ownerId), cursor);
  const window = { since: deps.now() - hours * 3_600_000, before, wanted: limit + 1 };
  const since = timestamp(window.since);
  const tasks = pendingWebhooks(deps.db).where("ownerId", "==", ownerId).where("updatedAt", ">=", since);
  const own = events(deps.db).where("ownerId", "==", ownerId).where("createdAt", ">=", since);
  const found = await Promise.all([
    newest(tasks.orderBy("updatedAt", "desc"), "updatedAt", window, ofTask),
    newest(own.orderBy("createdAt", "desc"), "createdAt", window, ofApplication),
  ]);
  const all = found.flat().sort(newestFirst);
  const data = fitting(all.slice(0, limit));
  const last = data.at(-1);
  return { data, nextCursor: all.length > data.length && last !== undefined ? cursorAfterEvent(ownerId, last) : null };
}

const fitting = (found: readonly RecentEvent[]) => withinPage(found, (event) => event);

type Position = Pick<RecentEvent, "at" | "id">;

/**
 * The newest events in documents that are ordered by `field`, newest first. No event of a document is newer than that field of it,
 * so the search ends where enough events, or more than a page has room for, are newer than all documents to come.
 */
async function newest(
  documents: Query,
  field: string,
  window: { readonly since: number; readonly before: Position | undefined; readonly wanted: number },
  read: (document: QueryDocumentSnapshot) => RecentEvent[],
): Promise<RecentEvent[]> {
  const { since, before, wanted } = window;
  const inWindow = (event: RecentEvent) =>
    event.at >= since && (before === undefined || newestFirst(before, event) < 0);
  let found: RecentEvent[] = [];
  for (let page = documents.limit(readAtOnce); ; ) {
    const { docs } = await page.get();
    found = [...found, ...docs.flatMap(read).filter(inWindow)].sort(newestFirst);
    const last = docs.at(-1);
    const surelyNewest = found.filter((event) => last !== undefined && event.at > last.get(field).toMillis());
    const isEnough = surelyNewest.length >= wanted || fitting(surelyNewest).length < surelyNewest.length;
    if (last === undefined || docs.length < readAtOnce || isEnough) return found.slice(0, wanted);
    page = documents.startAfter(last).limit(readAtOnce);
  }
}

function newestFirst(a: Position, b: Position): number {
  return b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function ofTask(document: QueryDocumentSnapshot): RecentEvent[] {
  return eventsOfTask(document.id, readPendingWebhook(document.data()));
}

/** A task's events in the order in which they happened. */
export function eventsOfTask(taskId: string, { history }: Pick<PendingWebhook, "history">): ListedTaskEvent[] {
  const inOrder = history.toSorted((a, b) => a.seq - b.seq);
  return inOrder.map(({ seq, type, at, status, progress, message }) => ({
    id: eventIdOf({ task: taskId, seq }),
    type,
    at: at.toMillis(),
    taskId,
    status,
    progress: progress ?? null,
    message: message ?? null,
  }));
}

function ofApplication(document: QueryDocumentSnapshot): RecentEvent[] {
  const { id, type, createdAt, payload } = document.data() as ApplicationEvent;
  return [
    { id, type, at: createdAt.toMillis(), taskId: null, payload: fromStorable(payload) as Record<string, unknown> },
  ];
}

const listOf = (ownerId: string): ListName => ["events", { ownerId }];

/** The cursor with which an owner's list goes on after that event. */
export function cursorAfterEvent(ownerId: string, { at, id }: Position): string {
  const { seconds, nanoseconds } = timestamp(at);
  return writeCursor(listOf(ownerId), { seconds, nanoseconds, id });
}

function positionOf(list: ListName, cursor: string): Position {
  const { seconds, nanoseconds, id } = readCursor(list, cursor);
  return { at: new Timestamp(seconds, nanoseconds).toMillis(), id };
}
