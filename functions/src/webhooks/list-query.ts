import { z } from "zod";

/** A request's query; a parameter that is given empty counts as left out. */
export type ListQuery = Readonly<Record<string, string>>;

export function withoutEmpty(query: ListQuery): ListQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
}

/** A whole number from 1 to `max` (below 10,000), as a query writes it. */
export function wholeNumber(max: number) {
  const message = `must be a whole number from 1 to ${max}`;
  return z
    .string()
    .regex(/^[1-9]\d{0,3}$/, message)
    .transform(Number)
    .refine((value) => value <= max, message);
}
