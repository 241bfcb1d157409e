import { canonicalJson } from "../domain/canonical-json.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { KeepJson } from "../platform/files.ts";

/**
 * A Firestore document holds 1 MiB. The request may take 620 KiB of it (prompt, params, metadata), and an outcome comes
 * twice, where an operator resolves a task with its late callback.
 */
const maxOutcomeBytes = 128 * 1_024;

/**
 * The outcome as a document can hold it: a part that is too large goes to Cloud Storage, with a reference in its place;
 * of two that are too large only together, the larger one. The file's name comes from its content, so a repeated callback
 * refers to the same file.
 */
export async function keepLargeParts(keepJson: KeepJson, correlationId: string, outcome: Outcome): Promise<Outcome> {
  const [result, metadata] = [measured(outcome.result), measured(outcome.resultMetadata)];
  const room = maxOutcomeBytes - Buffer.byteLength(outcome.error ?? "");
  if (result.bytes + metadata.bytes <= room) return outcome;
  const keep = async ({ json }: Measured) => await keepJson(`results/${correlationId}`, json);
  const isLarger = result.bytes >= metadata.bytes;
  const [keptResult, keptMetadata] = await Promise.all([
    isLarger || result.bytes > room ? keep(result) : result.value,
    !isLarger || metadata.bytes > room ? keep(metadata) : metadata.value,
  ]);
  return { ...outcome, result: keptResult, resultMetadata: keptMetadata };
}

interface Measured {
  readonly value: unknown;
  readonly json: string;
  readonly bytes: number;
}

function measured(value: unknown): Measured {
  const json = value === null ? "" : canonicalJson(value);
  return { value, json, bytes: Buffer.byteLength(json) };
}
