import { FieldPath, type Query, type QueryDocumentSnapshot, Timestamp } from "firebase-admin/firestore";
import { isDocumentId } from "../domain/document-id.ts";
import { type ListName, readCursor, writeCursor } from "../domain/list-cursor.ts";
import type { Owners } from "../domain/owners.ts";
import { invalidFields } from "../domain/validation.ts";

/** How long a page of a list is, and after what. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
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
 * pages shifts nothing. Throws `validation_failed` (400) for a cursor that is not of this `list`.
 */
export async function readNewestFirst(
  query: Query,
  list: ListName,
  { limit, cursor }: PageQuery,
): Promise<{ docs: QueryDocumentSnapshot[]; nextCursor: string | null }> {
  const ordered = query.orderBy("createdAt", "desc").orderBy(FieldPath.documentId(), "desc");
  const page = cursor === undefined ? ordered : ordered.startAfter(...positionOf(list, cursor));
  // One more is read than is given, so that whoever asks learns whether there is more.
  const { docs } = await page.limit(limit + 1).get();
  const last = docs.length > limit ? docs[limit - 1] : undefined;
  return { docs: docs.slice(0, limit), nextCursor: last === undefined ? null : cursorAfter(list, last) };
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
