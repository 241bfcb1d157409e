import { getFunctions } from "firebase-admin/functions";

export interface QueuedTask {
  /** Name of the task queue function. */
  readonly queue: "dispatchTask";
  /** A name is queued once: the second time is silently left out. */
  readonly id: string;
  /** Never a credential: a queue is not encrypted with our keys. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970; in the past means at once. */
  readonly runAt: number;
}

export type Enqueue = (task: QueuedTask) => Promise<void>;

/** Cloud Tasks, through firebase-admin. Throws where the queue does not answer, so that whoever asked tries again. */
export function createQueue(region: string): Enqueue {
  return async ({ queue, id, data, runAt }) => {
    const functions = getFunctions().taskQueue(`locations/${region}/functions/${queue}`);
    try {
      await functions.enqueue(data, { id, scheduleTime: new Date(runAt) });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  };
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "functions/task-already-exists";
}
