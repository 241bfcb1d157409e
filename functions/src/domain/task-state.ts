/**
 * The state machine of a task. This table is the only place that says what may follow what; every handler asks it.
 *
 * Not every commit reads the document first: a final outcome is decided by whoever creates the outcome document
 * (see `tasks/task-store.ts`). What such a commit does blindly is what the table allows from every open state.
 */
export const openStatuses = ["pending", "initiated"] as const;
export const finalStatuses = ["completed", "failed", "expired", "cancelled"] as const;
export const statuses = [...openStatuses, ...finalStatuses] as const;

export type FinalStatus = (typeof finalStatuses)[number];
export type TaskStatus = (typeof statuses)[number];

/** Everything that can happen to a task. */
export const inputs = [
  /** The service answered the outbound call with 2xx. */
  "acknowledge",
  /** An outbound call failed and will be tried again. */
  "attempt_failed",
  /** The service refused for good, or the last attempt failed. */
  "reject",
  /** The service reports progress. */
  "progress",
  /** The service reports its result. */
  "succeed",
  /** The service reports that it could not do the work. */
  "fail",
  /** The deadline passed. */
  "expire",
  /** The owner or the operator calls it off. */
  "cancel",
  /** The operator ends the task by hand, as completed. */
  "resolve_completed",
  /** The operator ends the task by hand, as failed. */
  "resolve_failed",
] as const;
export type TaskInput = (typeof inputs)[number];

/** Why an input changes nothing. */
export type Refusal =
  /** The task is at or past that point already; nothing to do and nothing wrong. */
  | "no_effect"
  /** The task has its final outcome, and this is not it. */
  | "already_final"
  /** The task expired before this came. */
  | "too_late";

export type Transition =
  | { readonly kind: "move"; readonly to: TaskStatus }
  | { readonly kind: "stay" }
  | { readonly kind: "refuse"; readonly reason: Refusal };

const to = (status: TaskStatus): Transition => ({ kind: "move", to: status });
const stay: Transition = { kind: "stay" };
const noEffect: Transition = { kind: "refuse", reason: "no_effect" };
const alreadyFinal: Transition = { kind: "refuse", reason: "already_final" };
const tooLate: Transition = { kind: "refuse", reason: "too_late" };

type Row = Readonly<Record<TaskInput, Transition>>;

/** What every settled task has in common: only an operator's `resolve` moves it. */
const settled: Row = {
  acknowledge: noEffect,
  attempt_failed: noEffect,
  reject: noEffect,
  progress: alreadyFinal,
  succeed: alreadyFinal,
  fail: alreadyFinal,
  expire: noEffect,
  cancel: alreadyFinal,
  resolve_completed: to("completed"),
  resolve_failed: to("failed"),
};

const table: Readonly<Record<TaskStatus, Row>> = {
  pending: {
    acknowledge: to("initiated"),
    attempt_failed: stay,
    reject: to("failed"),
    // A service that reports progress has the task, even if its acknowledgement is not recorded yet.
    progress: to("initiated"),
    succeed: to("completed"),
    fail: to("failed"),
    expire: to("expired"),
    cancel: to("cancelled"),
    resolve_completed: to("completed"),
    resolve_failed: to("failed"),
  },
  initiated: {
    // The queue delivers at least once: a second call may be acknowledged, or refused, after the first was accepted.
    acknowledge: noEffect,
    attempt_failed: noEffect,
    reject: noEffect,
    progress: stay,
    succeed: to("completed"),
    fail: to("failed"),
    expire: to("expired"),
    cancel: to("cancelled"),
    resolve_completed: to("completed"),
    resolve_failed: to("failed"),
  },
  completed: settled,
  failed: settled,
  expired: { ...settled, progress: tooLate, succeed: tooLate, fail: tooLate },
  cancelled: settled,
};

/** What `input` does to a task that is `status`. */
export function transition(status: TaskStatus, input: TaskInput): Transition {
  return table[status][input];
}

/** Whether nothing but an operator's `resolve` can change a task that is `status`. */
export function isFinal(status: TaskStatus): status is FinalStatus {
  return (finalStatuses as readonly TaskStatus[]).includes(status);
}
