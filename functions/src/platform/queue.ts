import { getFunctions } from "firebase-admin/functions";
import { BoomerangError } from "../domain/errors.ts";

export interface QueuedTask {
  /** Name of the task queue function. */
  readonly queue: "dispatchTask" | "deliverWebhook";
  /** A name is queued once: the second time is silently left out. */
  readonly id: string;
  /** Never a credential: a queue is not encrypted with our keys. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970; in the past means at once. */
  readonly runAt: number;
}

export type Enqueue = (task: QueuedTask) => Promise<void>;

/** How long the queue waits for an answer: a little longer than the function may take. */
const deadlinesSeconds: Readonly<Record<QueuedTask["queue"], number>> = { dispatchTask: 100, deliverWebhook: 370 };

/** Cloud Tasks, through firebase-admin. Throws where the queue does not answer, so that whoever asked tries again. */
export function createQueue(region: string): Enqueue {
  return async ({ queue, id, data, runAt }) => {
    const functions = getFunctions().taskQueue(`locations/${region}/functions/${queue}`);
    try {
      const dispatchDeadlineSeconds = deadlinesSeconds[queue];
      await functions.enqueue(data, { id, scheduleTime: new Date(runAt), dispatchDeadlineSeconds });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  };
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "functions/task-already-exists";
}

/** What a handler says to an order that came before its time: the Cloud Tasks emulator ignores schedule times. */
export function tooEarly(byMs: number): BoomerangError {
  return notYet(`This is not due for another ${Math.ceil(byMs / 1_000)} s.`);
}

/** What a handler says to an order that something else must come before: the queue brings it again. */
export function notYet(message: string): BoomerangError {
  return new BoomerangError("too_early", message, { status: 503, retryable: true });
}
