import { BoomerangError } from "../domain/errors.ts";

/** The Idempotency-Key header, checked (draft-ietf-httpapi-idempotency-key-header; the length is ours). Throws 400. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x20-\x7e]{1,255}$/.test(header)) return header;
  const message = "must be 1 to 255 printable ASCII characters";
  throw new BoomerangError("validation_failed", `Idempotency-Key ${message}.`, {
    status: 400,
    errors: [{ field: "Idempotency-Key", message }],
  });
}
