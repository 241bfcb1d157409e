import { digestOf } from "./canonical-json.ts";
import type { FinalStatus } from "./task-state.ts";

/** How a task ended. What is absent is null, so that it overwrites what an earlier outcome left. */
export interface Outcome {
  readonly status: FinalStatus;
  readonly resultUrl: string | null;
  readonly result: unknown;
  /** What the service says about its result; the caller's own `metadata` is another field. */
  readonly resultMetadata: unknown;
  /** For a person. */
  readonly error: string | null;
  /** For a program, such as `service_error`, `expired`, `http_400`. */
  readonly errorCode: string | null;
}

const nothing = { resultUrl: null, result: null, resultMetadata: null, error: null, errorCode: null };
/** Long enough for any stack trace, short enough to leave room in a Firestore document (1 MiB). */
const maxErrorLength = 32_768;

/** The service did its work. */
export function completed(parts: { resultUrl?: string; result?: unknown; resultMetadata?: unknown }): Outcome {
  return {
    ...nothing,
    status: "completed",
    resultUrl: parts.resultUrl ?? null,
    result: parts.result ?? null,
    resultMetadata: parts.resultMetadata ?? null,
  };
}

/** The work was not done. `error` is cut at 32,768 characters. */
export function failed(errorCode: string, error: string, resultMetadata?: unknown): Outcome {
  return { ...nothing, status: "failed", errorCode, error: clip(error), resultMetadata: resultMetadata ?? null };
}

/** Nothing came back in time. */
export function expired(afterSeconds: number, attempts: number): Outcome {
  const waited = `No callback came within ${afterSeconds} s.`;
  const error = attempts > 0 ? waited : `${waited} The service was never reached.`;
  return { ...nothing, status: "expired", errorCode: "expired", error };
}

/** Called off by its owner or the operator. */
export function cancelled(by: string): Outcome {
  return { ...nothing, status: "cancelled", errorCode: "cancelled", error: `Cancelled by ${by}.` };
}

/** Two outcomes are the same when their digests are: a repeated callback is recognised by it. */
export function outcomeDigest(outcome: Outcome): string {
  const { status, resultUrl, result, resultMetadata, error } = outcome;
  return digestOf({ status, resultUrl, result, resultMetadata, error });
}

function clip(text: string): string {
  return text.length <= maxErrorLength
    ? text
    : `${text.slice(0, maxErrorLength).toWellFormed()}… (${text.length - maxErrorLength} more characters)`;
}
