import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../../src/deps.ts";
import { timestamp } from "../../src/platform/firestore.ts";
import { recordAttempt, type Verdict } from "../../src/tasks/attempt.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { readOutcome, readTask } from "./tasks.ts";
import type { TestDeps } from "./test-deps.ts";

export const operator = { ownerId: "operator", admin: true };

/** What a service may report. */
export const success = { status: "success", resultUrl: "https://cdn.example.com/a.mp4", metadata: { title: "A" } };
export const failure = { status: "error", error: "out of memory" };
export const progress = (share: number, message?: string) => ({ status: "progress", progress: share, message });

/** 0, 1, 2 and so on. */
export const times = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Lets every open task expire. */
export async function expireAll(deps: TestDeps): Promise<void> {
  deps.advance(3_600_000);
  await expirePendingWebhooks(deps, Number.POSITIVE_INFINITY);
}

/** What the queue does when the service has answered: `seen` is the task as it was before the call. */
export async function acknowledge(deps: Deps, seen: DocumentSnapshot): Promise<"recorded" | "overtaken"> {
  const attempt = { number: 1, at: timestamp(deps.now()), durationMs: 5, statusCode: 202, error: null };
  const acknowledgement = { externalId: "job-1", estimatedCompletion: null };
  const verdict: Verdict = { input: "acknowledge", acknowledgement };
  return await recordAttempt(deps, seen, attempt, verdict);
}

/** Whatever happened to it, the task has ended once: one final event, and both documents say the same. */
export async function expectOneEnd(deps: Deps, id: string): Promise<string> {
  const [task, outcome] = [await readTask(deps, id), await readOutcome(deps, id)];
  expect(outcome?.status).toBe(task.status);
  const finals = task.history.filter(({ seq }) => seq >= 5);
  expect(finals.map(({ status }) => status)).toEqual([task.status]);
  expect(new Set(task.history.map(({ seq }) => seq)).size).toBe(task.history.length);
  expect(task).not.toHaveProperty("sweepAt");
  return task.status;
}
