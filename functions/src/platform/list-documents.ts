import { FieldPath, type Query, type QueryDocumentSnapshot, Timestamp } from "firebase-admin/firestore";
import { isDocumentId } from "../domain/document-id.ts";
import { type ListName, readCursor, writeCursor } from "../domain/list-cursor.ts";
import type { Owners } from "../domain/owners.ts";
import { invalidFields } from "../domain/validation.ts";

/** How long a page of a list is, and after what. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** After how many bytes of JSON it ends early: `maxPageBytes`, unless said otherwise. */
  readonly maxBytes?: number | undefined;
}

/** Cloud Functions answers at most 32 MiB, and many pages are made at the same time. */
const maxPageBytes = 8 * 1_024 * 1_024;

/** A page that is being filled: tells of each item whether it still belongs to it, by the bytes of its JSON. The first one always does. */
export function createPageRoom(maxBytes = maxPageBytes): (item: unknown) => boolean {
  let bytes = 0;
  return (item) => {
    const isFirst = bytes === 0;
    bytes += Buffer.byteLength(JSON.stringify(item));
    return isFirst || bytes <= maxBytes;
  };
}

/** As many of the first items as a page has room for, and at least one of them. */
export function withinPage<Item>(items: readonly Item[], jsonOf: (item: Item) => unknown, maxBytes?: number): Item[] {
  const hasRoom = createPageRoom(maxBytes);
  const end = items.findIndex((item) => !hasRoom(jsonOf(item)));
  return items.slice(0, end === -1 ? undefined : end);
}

/** The documents of one owner, or of all. */
export function ownedBy(query: Query, owners: Owners): Query {
  return owners === "everybody" ? query : query.where("ownerId", "==", owners.ownerId);
}

/**
 * The documents whose fields are as given; what is undefined does not count. Firestore joins indexes that end in the same order, so
 * `(X, createdAt↓)` for each such field X serves every combination of them
 * (firebase.google.com/docs/firestore/query-data/index-overview, index merging). Where none is given, asking for any of all
 * `statuses` comes to the same as no filter, and needs no index on a time alone, which would limit the collection's writes.
 */
export function withFields(
  query: Query,
  fields: Readonly<Record<string, string | undefined>>,
  statuses: readonly string[],
): Query {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (given.length === 0) return query.where("status", "in", statuses);
  return given.reduce((some, [field, value]) => some.where(field, "==", value), query);
}

/**
 * A page of documents, the newest (`createdAt`) first, and of one instant the greatest id first. What is added or removed between two
 * pages shifts nothing. A page of large documents ends early. Throws `validation_failed` (400) for a cursor that is not of this `list`.
 */
export async function readNewestFirst(
  query: Query,
  list: ListName,
  { limit, cursor, maxBytes }: PageQuery,
): Promise<{ docs: QueryDocumentSnapshot[]; nextCursor: string | null }> {
  const ordered = query.orderBy("createdAt", "desc").orderBy(FieldPath.documentId(), "desc");
  const page = cursor === undefined ? ordered : ordered.startAfter(...positionOf(list, cursor));
  // One more is read than is given, so that whoever asks learns whether there is more.
  const { docs } = await page.limit(limit + 1).get();
  const given = withinPage(docs.slice(0, limit), (doc) => doc.data(), maxBytes);
  const last = docs.length > given.length ? given.at(-1) : undefined;
  return { docs: given, nextCursor: last === undefined ? null : cursorAfter(list, last) };
}

function cursorAfter(list: ListName, last: QueryDocumentSnapshot): string {
  const { seconds, nanoseconds }: Timestamp = last.get("createdAt");
  return writeCursor(list, { seconds, nanoseconds, id: last.id });
}

function positionOf(list: ListName, cursor: string): [Timestamp, string] {
  const { seconds, nanoseconds, id } = readCursor(list, cursor);
  // A made-up one may hold anything.
  if (!isDocumentId(id)) throw invalidFields([{ field: "cursor", message: "is not one that this list gave" }]);
  return [new Timestamp(seconds, nanoseconds), id];
}
