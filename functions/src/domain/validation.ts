import type { z } from "zod";
import { BoomerangError, type FieldError } from "./errors.ts";

/** What a schema found wrong, one entry for each field. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ field: [...path, key].join("."), message: "is not a known field" }));
    }
    // What is wrong with a key of a record is told one level deeper.
    const message = (issue.code === "invalid_key" ? issue.issues[0]?.message : undefined) ?? issue.message;
    return [{ field: path.join(".") || "body", message }];
  });
}

/** 400: the request's fields are not what they must be. */
export function invalidFields(errors: readonly FieldError[]): BoomerangError {
  const fields = [...new Set(errors.map((error) => error.field))].join(", ");
  return new BoomerangError("validation_failed", `Wrong or missing: ${fields}. See errors.`, { status: 400, errors });
}

/** Parses `value`, or throws `validation_failed` (400) naming each wrong field. */
export function parseFields<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidFields(fieldErrors(parsed.error));
}
