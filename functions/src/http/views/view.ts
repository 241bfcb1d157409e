import type { Timestamp } from "firebase-admin/firestore";
import { z } from "zod";

/** A time in ISO 8601, UTC. */
export const dateTime = z.string().meta({ format: "date-time" });

/** Any JSON value. */
export const anyJson = z.unknown();

export const jsonObject = z.record(z.string(), z.unknown());

/** A page of a list. */
export function listOf(item: z.ZodType) {
  const next_cursor = z
    .string()
    .nullable()
    .meta({ description: "Give it as `cursor` for the next page; null on the last one." });
  const examples = item.meta()?.examples?.slice(0, 1);
  const list = z.strictObject({ data: z.array(item), next_cursor });
  return examples === undefined ? list : list.meta({ examples: [{ data: examples, next_cursor: null }] });
}

export function iso(time: Pick<Timestamp, "toDate">): string;
export function iso(time: Pick<Timestamp, "toDate"> | null): string | null;
export function iso(time: Pick<Timestamp, "toDate"> | null): string | null {
  return time === null ? null : time.toDate().toISOString();
}

/** Milliseconds since 1970 as ISO 8601. */
export function isoOf(ms: number): string;
export function isoOf(ms: number | null): string | null;
export function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
