import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of a query (google.firestore.v1.StructuredQuery) that decides which index it needs. */
export interface StructuredQuery {
  readonly from: readonly { readonly collectionId: string }[];
  readonly where?: Filter;
  readonly orderBy?: readonly { readonly field: Field; readonly direction: string }[];
}
interface Field {
  readonly fieldPath: string;
}
interface Filter {
  readonly compositeFilter?: { readonly op: string; readonly filters: readonly Filter[] };
  readonly fieldFilter?: { readonly field: Field; readonly op: string };
  readonly unaryFilter?: { readonly field: Field };
}

interface Sort {
  readonly fieldPath: string;
  readonly order: string;
}
interface Declared {
  readonly indexes: readonly { readonly collectionGroup: string; readonly fields: readonly Sort[] }[];
  readonly fieldOverrides: readonly { readonly collectionGroup: string; readonly fieldPath: string }[];
}

/** `firestore.indexes.json`, as it is deployed. */
export const declaredIndexes: Declared = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../firestore.indexes.json"), "utf8"),
);

/**
 * Whether the declared indexes serve a query in production; the emulator makes every one that is missing. Firestore needs one index
 * of the fields that must be equal, in any order, and then those that it sorts by, then those that it averages; or several
 * with the same end, which between them have every field that must be equal (firebase.google.com/docs/firestore/query-data/index-overview).
 * A field that is not exempt has an index of its own. `averaged` are the fields of sum and average; indexes are joined for
 * queries without them only, of which alone the documentation says so.
 */
export function isServed(query: StructuredQuery, averaged: readonly string[], declared: Declared): boolean {
  const collection = query.from[0]?.collectionId;
  const filters = query.where === undefined ? [] : flat(query.where);
  // "In" is one such query for each of its values.
  const equal = new Set(filters.filter(({ op }) => op === "EQUAL" || op === "IN").map(({ field }) => field));
  const ends = [...sorted(query, filters), ...averaged.map((fieldPath) => ({ fieldPath, order: "ASCENDING" }))];
  const own = (fieldPath: string) =>
    !declared.fieldOverrides.some((field) => field.collectionGroup === collection && field.fieldPath === fieldPath);

  const starts = declared.indexes
    .filter(({ collectionGroup }) => collectionGroup === collection)
    .map(({ fields }) => ({
      start: fields.slice(0, -ends.length || undefined),
      end: fields.slice(fields.length - ends.length),
    }))
    .filter(({ end }) => same(end, ends))
    .map(({ start }) => start.map(({ fieldPath }) => fieldPath));
  if (ends.length === 0) starts.push(...[...equal].filter(own).map((field) => [field]));
  if (ends.length === 1 && ends[0] !== undefined && own(ends[0].fieldPath)) starts.push([]);
  if (ends.length === 0 && equal.size === 0) return true;

  const usable = starts.filter((start) => start.every((field) => equal.has(field)));
  if (averaged.length > 0) return usable.some((start) => new Set(start).size === equal.size);
  return usable.length > 0 && new Set(usable.flat()).size === equal.size;
}

function same(a: readonly Sort[], b: readonly Sort[]): boolean {
  return (
    a.length === b.length && a.every((sort, n) => sort.fieldPath === b[n]?.fieldPath && sort.order === b[n]?.order)
  );
}

interface FlatFilter {
  readonly field: string;
  readonly op: string;
}

function flat({ compositeFilter, fieldFilter, unaryFilter }: Filter): FlatFilter[] {
  if (fieldFilter !== undefined) return [{ field: fieldFilter.field.fieldPath, op: fieldFilter.op }];
  if (unaryFilter !== undefined) return [{ field: unaryFilter.field.fieldPath, op: "EQUAL" }];
  if (compositeFilter === undefined || compositeFilter.op !== "AND") throw new Error("a filter that is not known here");
  return compositeFilter.filters.flatMap(flat);
}

/** What the database sorts by: what was asked for, or else what has a bound. The id comes last by itself, in the direction of the last field. */
function sorted({ orderBy = [] }: StructuredQuery, filters: readonly FlatFilter[]): Sort[] {
  const asked = orderBy.map(({ field, direction }) => ({ fieldPath: field.fieldPath, order: direction }));
  const bounds = filters.filter(({ op }) => op !== "EQUAL" && op !== "IN").map(({ field }) => field);
  const missing = [...new Set(bounds)].filter((field) => !asked.some(({ fieldPath }) => fieldPath === field));
  if (missing.length > 0 && asked.length > 0) throw new Error("a bound on a field that is not sorted by");
  const all = [...asked, ...missing.map((fieldPath) => ({ fieldPath, order: "ASCENDING" }))];
  const last = all.at(-1);
  const impliedOrder = all.at(-2)?.order ?? "ASCENDING";
  const told = last?.fieldPath === "__name__" && last.order === impliedOrder ? all.slice(0, -1) : all;
  // What is equal everywhere is in order already.
  return told.filter(({ fieldPath }) => !filters.some(({ field, op }) => field === fieldPath && op === "EQUAL"));
}
