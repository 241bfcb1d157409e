import { canonicalJson } from "../domain/canonical-json.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { KeepJson } from "../platform/files.ts";

/** A Firestore document holds 1 MiB; the request and the history need room beside the result. */
const maxBytesInDocument = 256 * 1_024;

/**
 * The outcome as a document can hold it: a part that is too large goes to Cloud Storage, with a reference in its place.
 * The file's name comes from its content, so a repeated callback refers to the same file.
 */
export async function keepLargeParts(keepJson: KeepJson, correlationId: string, outcome: Outcome): Promise<Outcome> {
  const keep = async (part: unknown): Promise<unknown> => {
    if (part === null) return null;
    const json = canonicalJson(part);
    return Buffer.byteLength(json) <= maxBytesInDocument ? part : await keepJson(`results/${correlationId}`, json);
  };
  const [result, resultMetadata] = await Promise.all([keep(outcome.result), keep(outcome.resultMetadata)]);
  return { ...outcome, result, resultMetadata };
}
