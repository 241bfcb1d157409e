import type { TaskFacts } from "./format.ts";

/** The result, for formats that have one field for it: what the service sent, or where it lies, or both side by side. */
export function resultFields({ result, resultUrl }: TaskFacts) {
  if (resultUrl === null) return { result: result ?? null };
  return result == null ? { result: { url: resultUrl } } : { result, result_url: resultUrl };
}

/** For formats whose only word for every other end is `failed`: which one it was, where the service itself did not fail. */
export function otherEnd({ outcome }: TaskFacts) {
  return outcome === "expired" || outcome === "cancelled" ? { error_code: outcome } : {};
}
