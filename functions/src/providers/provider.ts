import type { Outcome } from "../domain/outcome.ts";

/** What a provider needs to know of a task to ask a service for it. */
export interface OutboundTask {
  readonly correlationId: string;
  readonly callbackUrl: string;
  readonly webhookUrl: string;
  /** Value for the Authorization header, in the clear. */
  readonly auth: string | null;
  /** Standard Webhooks secrets that sign the call; may be empty. */
  readonly signingSecrets: readonly string[];
  readonly prompt: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metadata: unknown;
  readonly taskId: string;
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly assistantId: string | null;
}

export interface OutboundCall {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What a service says when it takes a task. */
export interface Acknowledgement {
  /** The service's own id for the job. */
  readonly externalId: string | null;
  readonly estimatedCompletion: string | null;
}

/** What a callback says. */
export type CallbackReport =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "progress"; readonly progress: number; readonly message?: string };

/**
 * How one family of external services takes work and reports back. Pure: no I/O, no clock but what is handed in.
 */
export interface Provider {
  /** As `services/{name}.provider` names it. */
  readonly name: string;
  /** The call that hands over the task. `now` is in milliseconds since 1970. */
  buildCall(task: OutboundTask, now: number): OutboundCall;
  /** Reads a 2xx answer; whatever is not understood is left out, since the status alone says that the task was taken. */
  parseAcknowledgement(body: string): Acknowledgement;
  /** Reads the 2xx answer of a service whose mode is `sync`: the result itself. Throws `bad_answer` where there is none in it. */
  parseResult(body: string): Outcome;
  /** Reads a callback's parsed JSON. Throws `validation_failed` (400), naming each wrong field. */
  parseCallback(body: unknown, correlationId: string): CallbackReport;
}
