import type { Deps } from "../deps.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { problemOf } from "../domain/problem.ts";
import { type Log, type LogFields, limitLines } from "../platform/log.ts";
import { applyCallback } from "./apply-callback.ts";
import { withinDeadline } from "./deadline.ts";
import { type CallbackRequest, parseCallback } from "./parse-callback.ts";

/** What goes back to the service. */
export interface CallbackResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/**
 * How long storing a callback may take. Without a limit, the Firestore client goes on trying for minutes when the database
 * does not answer; services wait about 10 s for an answer, and send again what they got a 503 for.
 */
const storeTimeoutMs = 8_000;

/**
 * Takes a callback from first byte to answer. Never throws: what the sender did wrong is a 4xx that says so, what went
 * wrong with us is a 503, so that the service tries again.
 */
export async function receiveCallback(deps: Deps, request: CallbackRequest): Promise<CallbackResponse> {
  const startedAt = deps.now();
  let correlationId: string | undefined;
  try {
    const callback = await parseCallback(deps.keys, request);
    correlationId = callback.claims.correlationId;
    const body = await withinDeadline(applyCallback(deps, callback), storeTimeoutMs);
    const durationMs = deps.now() - startedAt;
    deps.log.info("callback: taken", { correlationId, durationMs, ...body });
    return { status: 200, headers: { "content-type": "application/json" }, body };
  } catch (error) {
    return refusal(deps.log, error, correlationId);
  }
}

/** The answer to a callback that ended in `error`: what the sender did wrong, or else 503. */
export function refusal(log: Log, error: unknown, correlationId?: string): CallbackResponse {
  const known = error instanceof BoomerangError && error.status < 500 ? error : unavailable(error);
  const fields = { correlationId, status: known.status, errorCode: known.code };
  if (known.status === 503) log.error("callback: could not be taken", { ...fields, reason: messageOf(error) });
  else if (correlationId === undefined) warnOfStranger(log, fields);
  else log.warn("callback: refused", fields);
  return {
    status: known.status,
    headers: { "content-type": "application/problem+json", ...known.headers },
    body: problemOf(known),
  };
}

const strangersPerSecond = 20;
const strangers = new WeakMap<Log, Log["warn"]>();

/** What could not even be read comes from strangers, mostly. They can send as much as they like, but not fill the log with it. */
function warnOfStranger(log: Log, fields: LogFields): void {
  const warn = strangers.get(log) ?? limitLines(log.warn, strangersPerSecond);
  strangers.set(log, warn);
  warn("callback: refused", fields);
}

function unavailable(cause: unknown): BoomerangError {
  const message = "The callback could not be stored just now. Send it again.";
  return new BoomerangError("unavailable", message, {
    status: 503,
    retryable: true,
    headers: { "Retry-After": "5" },
    cause,
  });
}
