import { z } from "zod";

/** A request's query; a parameter that is given empty counts as left out. */
export function withoutEmpty(query: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
}

/** A whole number from 1 to `max` (below 10,000), as a query writes it. */
export function wholeNumber(max: number, preset: number) {
  const message = `must be a whole number from 1 to ${max}`;
  return z
    .string()
    .regex(/^[1-9]\d{0,3}$/, message)
    .transform(Number)
    .refine((value) => value <= max, message)
    .default(preset)
    .meta({ override: asSchema({ type: "integer", minimum: 1, maximum: max, default: preset }) });
}

/** Where a list goes on: what the one before gave as `next_cursor`. */
export const cursor = z.string().max(2_200).optional().meta({ description: "The `next_cursor` of the page before." });

/** Firestore knows no later time; an offset reaches beyond it. */
const endOfTime = Date.UTC(10_000, 0);

/** ISO 8601 with its offset, as milliseconds since 1970. */
export const time = z.iso
  .datetime({ offset: true, error: "must be a time in ISO 8601 with its offset, such as 2026-01-31T12:00:00Z" })
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= 0 && ms < endOfTime, "must be after 1970 and before the year 10000")
  .meta({ override: asSchema({ type: "string", format: "date-time" }) });

/** How the reference describes what zod reads from text: in place of whatever it makes of it. */
function asSchema(schema: Readonly<Record<string, unknown>>) {
  return ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
    const { description } = jsonSchema;
    for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
    Object.assign(jsonSchema, schema, description === undefined ? {} : { description });
  };
}
