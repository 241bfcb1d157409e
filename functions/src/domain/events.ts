import type { FinalStatus, TaskStatus } from "./task-state.ts";

/**
 * The task's event log. Sequence numbers are fixed by what happened, not counted: so an event is appended without
 * reading the log, and a consequence that runs twice derives the same id twice.
 */
export const sequence = { started: 1, progress25: 2, progress50: 3, progress75: 4, final: 5 } as const;

/** One entry of `history[]`. `At` is the time as the holder keeps it: a Firestore Timestamp, or milliseconds. */
export interface TaskEvent<At> {
  readonly seq: number;
  /** `{prefix}.started`, `.progress`, `.completed`, `.failed` or `.cancelled`. */
  readonly type: string;
  readonly at: At;
  readonly status: TaskStatus;
  readonly progress?: number;
  readonly message?: string;
}

const finalSuffix: Readonly<Record<FinalStatus, string>> = {
  completed: "completed",
  failed: "failed",
  // Expiry is a failure to the outside; the entry's status tells which.
  expired: "failed",
  cancelled: "cancelled",
};

/** The service acknowledged. */
export function startedEvent<At>(prefix: string, at: At): TaskEvent<At> {
  return { seq: sequence.started, type: `${prefix}.started`, at, status: "initiated" };
}

/**
 * The event of a final status. `resolution` counts an operator's interventions: 0 is the outcome itself,
 * 1 the first `resolve` after it, and so on.
 */
export function finalEvent<At>(prefix: string, status: FinalStatus, at: At, resolution = 0): TaskEvent<At> {
  return { seq: sequence.final + resolution, type: `${prefix}.${finalSuffix[status]}`, at, status };
}

/**
 * The milestone (25, 50 or 75 %) that a report takes the task past, as an event; undefined where it passes none.
 * A report that jumps over several milestones is one event, of the highest. `from` and `to` are 0 to 1.
 */
export function progressEvent<At>(
  prefix: string,
  from: number,
  to: number,
  message: string | undefined,
  at: At,
): TaskEvent<At> | undefined {
  const milestones = [
    { share: 0.75, seq: sequence.progress75 },
    { share: 0.5, seq: sequence.progress50 },
    { share: 0.25, seq: sequence.progress25 },
  ];
  const passed = milestones.find(({ share }) => to >= share);
  if (passed === undefined || from >= passed.share) return undefined;
  const entry = { seq: passed.seq, type: `${prefix}.progress`, at, status: "initiated" as const, progress: to };
  return message === undefined ? entry : { ...entry, message };
}
