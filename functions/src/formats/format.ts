import type { FinalStatus } from "../domain/task-state.ts";

/** What happened, by kind; `application` is an event that the application published itself. */
export type EventKind = "started" | "progress" | "completed" | "failed" | "cancelled" | "application";

/** What a subscriber may learn of a task. Times are milliseconds since 1970. */
export interface TaskFacts {
  readonly id: string;
  readonly service: string | null;
  readonly projectId: string | null;
  readonly userId: string | null;
  readonly progress: number | null;
  readonly message: string | null;
  /** Set at the end. */
  readonly outcome: FinalStatus | null;
  readonly resultUrl: string | null;
  readonly result: unknown;
  readonly resultMetadata: unknown;
  readonly error: string | null;
  readonly errorCode: string | null;
  /** The caller's own. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly completedAt: number | null;
}

interface EventBase {
  /** Stays the same on every retry and replay. */
  readonly id: string;
  /** `job.completed`, `request.created`, … */
  readonly type: string;
  readonly at: number;
  /** Who tells: a URI reference, for formats that name it. */
  readonly source: string;
}

export type OutgoingEvent =
  | (EventBase & { readonly kind: Exclude<EventKind, "application">; readonly task: TaskFacts })
  | (EventBase & { readonly kind: "application"; readonly payload: Readonly<Record<string, unknown>> });

/** Seconds before each retry. Beyond the list each delay is twice the one before, up to the cap. */
export interface RetrySchedule {
  readonly delaysSeconds: readonly number[];
  readonly capSeconds: number;
  /** Up to this share of a delay is added, so that many deliveries do not come back in one moment. */
  readonly jitter: number;
}

/** What a format's own headers are made of. */
export interface FormatDelivery {
  readonly id: string;
  readonly eventType: string;
  readonly body: string;
  readonly secret: string | null;
}

/** How a subscriber hears of an event. Pure: no I/O, no clock. */
export interface Format {
  /** As a webhook's `format` names it. */
  readonly name: string;
  readonly contentType: string;
  readonly retries: RetrySchedule;
  /** The body; undefined where this format has no shape for such an event, which then is not sent. */
  render(event: OutgoingEvent): string | undefined;
  /** Headers beside Content-Type and those of Standard Webhooks. `secret` is the newest one, as text. */
  headers?(delivery: FormatDelivery): Record<string, string>;
  /** Whether the answer counts as delivered; any 2xx, unless the format says otherwise. */
  isSuccess?(status: number): boolean;
  /** Whether trying again can help; anything may, unless the format knows better. */
  isRetryable?(status: number): boolean;
}
