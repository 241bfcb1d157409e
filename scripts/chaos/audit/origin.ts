import type { PendingWebhook } from "../../../functions/src/tasks/pending-webhook.ts";

/** Calls that a task gets: one, and the retries that the run sets (WEBHOOK_MAX_RETRIES). */
const maxCalls = 6;

/** Which callback an outcome came from, by what it says; undefined where it came from none. */
export function labelOf(
  n: number,
  { resultUrl, error }: { readonly resultUrl: string | null; readonly error: string | null },
): string | undefined {
  const url = /^https:\/\/results\.example\/(\d+)\/(.+)$/.exec(resultUrl ?? "");
  const wrong = /^task (\d+) went wrong \((.+)\)$/.exec(error ?? "");
  const [, number, label] = url ?? wrong ?? [];
  return Number(number) === n ? label : undefined;
}

/** Whether the task failed because every outbound call did: what a slow machine may bring about too. */
export function callsExhausted({ attempts, status }: PendingWebhook): boolean {
  const failed = new Set(attempts.filter(({ error }) => error !== null).map(({ number }) => number));
  return status === "failed" && failed.size === maxCalls;
}
