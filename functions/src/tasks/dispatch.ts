import type { Deps } from "../deps.ts";
import { callbackToken } from "../domain/callback-token.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { expired, failed, type Outcome } from "../domain/outcome.ts";
import { isRetryableStatus, parseRetryAfter, retryDelayMs } from "../domain/retry-policy.ts";
import { fromStorable } from "../domain/storable.ts";
import { timestamp } from "../platform/firestore.ts";
import type { OutboundResponse } from "../platform/outbound-http.ts";
import { providerOf } from "../providers/index.ts";
import type { OutboundCall, Provider } from "../providers/provider.ts";
import { nextAttemptNumber, recordAttempt, type Verdict } from "./attempt.ts";
import { keepLargeParts } from "./large-results.ts";
import { type PendingWebhook, pendingWebhookRef, readPendingWebhook } from "./pending-webhook.ts";
import { settle } from "./settle.ts";

/** What the queue carries: never more than this, since a queue is not encrypted with our keys. */
export interface DispatchOrder {
  readonly correlationId: string;
  /** Which call this is, from 1. An order for another call than the one that is due is out of date. */
  readonly attempt: number;
}

const syncTimeoutMs = 60_000;
const maxAckBytes = 64 * 1_024;
const maxResultBytes = 10 * 1_024 * 1_024;
const keptAnswerBytes = 1_024;
/** Clocks of two machines differ by a little. */
const earlyToleranceMs = 250;

/**
 * Makes the outbound call that is due, and records it. Runs at least once for each order; where it ran before, it finds
 * the call recorded and does nothing. A crash between the call and its record repeats the call, with the same Idempotency-Key.
 * Throws a retryable error where the queue must bring the order again.
 */
export async function dispatchTask(deps: Deps, order: DispatchOrder): Promise<void> {
  const { correlationId } = order;
  const snapshot = await pendingWebhookRef(deps.db, correlationId).get();
  const data = snapshot.data();
  if (data === undefined) {
    deps.log.warn("dispatch: no such task", { correlationId });
    return;
  }
  const task = readPendingWebhook(data);
  if (task.status !== "pending" || nextAttemptNumber(task) !== order.attempt) {
    deps.log.info("dispatch: out of date", { correlationId, attempt: order.attempt, status: task.status });
    return;
  }
  const now = deps.now();
  if (task.expiresAt <= now) {
    await settle(deps.db, {
      correlationId,
      outcome: expired(task.timeoutSeconds, task.attempts.length),
      eventPrefix: task.eventPrefix,
      now,
      retentionMs: deps.config.taskRetentionMs,
      ...(snapshot.updateTime === undefined ? {} : { unchangedSince: snapshot.updateTime }),
    });
    return;
  }
  if (task.nextAttemptAt > now + earlyToleranceMs) throw tooEarly(task.nextAttemptAt - now);

  const call = await makeCall(deps, task, order.attempt);
  const attempt = {
    number: order.attempt,
    at: timestamp(now),
    durationMs: deps.now() - now,
    statusCode: call.statusCode,
    error: call.error,
  };
  const recorded = await recordAttempt(deps, snapshot, attempt, call.verdict);
  const { number, durationMs, statusCode } = attempt;
  const errorCode = "outcome" in call.verdict ? call.verdict.outcome.errorCode : null;
  deps.log.info(`dispatch: ${call.verdict.input}`, {
    correlationId,
    service: task.service,
    attempt: number,
    durationMs,
    statusCode,
    errorCode,
    recorded,
  });
}

interface Call {
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly verdict: Verdict;
}

async function makeCall(deps: Deps, task: PendingWebhook, attempt: number): Promise<Call> {
  const policy = { maxRetries: task.maxRetries, delaySeconds: task.retryDelaySeconds };
  const retryOr = (outcome: Outcome, retryAfterMs?: number): Verdict => {
    const delay = retryDelayMs(policy, attempt, retryAfterMs);
    if (delay === undefined) return { input: "reject", outcome };
    return { input: "attempt_failed", nextAttemptAt: deps.now() + delay };
  };

  let response: OutboundResponse;
  let secrets: readonly string[];
  try {
    const provider = providerOf(task.provider);
    const { request, ...sensitive } = outboundCall(deps, task, provider);
    secrets = sensitive.secrets;
    response = await deps.send({
      ...request,
      method: "POST",
      timeoutMs: task.mode === "sync" ? syncTimeoutMs : deps.config.outboundTimeoutMs,
      maxBodyBytes: task.mode === "sync" ? maxResultBytes : maxAckBytes,
    });
    if (response.status >= 200 && response.status < 300) {
      return { statusCode: response.status, error: null, verdict: await accepted(deps, task, provider, response) };
    }
  } catch (error) {
    if (!(error instanceof BoomerangError)) throw error;
    const outcome = failed(error.code, messageOf(error));
    const verdict: Verdict = error.retryable ? retryOr(outcome) : { input: "reject", outcome };
    return { statusCode: null, error: error.message, verdict };
  }

  const { status } = response;
  const answer = withoutSecrets(response.body.toString("utf8"), secrets).slice(0, keptAnswerBytes);
  const error = `The service answered ${status}${answer === "" ? "" : `: ${answer}`}`;
  const outcome = failed(`http_${status}`, error);
  const retryAfterMs = parseRetryAfter(response.headers["retry-after"], deps.now());
  const verdict: Verdict = isRetryableStatus(status) ? retryOr(outcome, retryAfterMs) : { input: "reject", outcome };
  return { statusCode: status, error, verdict };
}

async function accepted(
  deps: Deps,
  task: PendingWebhook,
  provider: Provider,
  response: OutboundResponse,
): Promise<Verdict> {
  const body = response.body.toString("utf8");
  if (task.mode === "callback") {
    return { input: "acknowledge", acknowledgement: provider.parseAcknowledgement(body) };
  }
  if (response.truncated) {
    const error = `The service's answer is larger than ${maxResultBytes} bytes. Let it answer with a resultUrl.`;
    return { input: "fail", outcome: failed("answer_too_large", error) };
  }
  const outcome = await keepLargeParts(deps.keepJson, task.correlationId, provider.parseResult(body));
  return { input: outcome.status === "completed" ? "succeed" : "fail", outcome };
}

interface SensitiveCall {
  readonly request: OutboundCall;
  /** What of it must not be kept, should the service's answer quote it: users read the task's error. */
  readonly secrets: readonly string[];
}

function outboundCall(deps: Deps, task: PendingWebhook, provider: Provider): SensitiveCall {
  const { correlationId, eventPrefix } = task;
  const token = callbackToken(deps.keys, { correlationId, provider: provider.name, eventPrefix });
  const auth = task.sealedAuth === null ? null : deps.keys.open(task.sealedAuth);
  const params = fromStorable(task.params);
  const request = provider.buildCall(
    {
      correlationId,
      callbackUrl: `${deps.config.callbackBaseUrl}/webhookCallback/${correlationId}?token=${token}`,
      webhookUrl: task.webhookUrl,
      auth,
      signingSecrets: task.sealedSecret === null ? [] : [deps.keys.open(task.sealedSecret)],
      prompt: task.prompt,
      params: params !== null && typeof params === "object" ? { ...params } : {},
      metadata: fromStorable(task.metadata),
      taskId: task.objectId ?? correlationId,
      userId: task.userId,
      projectId: task.projectId,
      assistantId: task.assistantId,
    },
    deps.now(),
  );
  // "Bearer abc" may be quoted whole, or only its "abc".
  const credentials = auth === null ? [] : [auth, auth.slice(auth.indexOf(" ") + 1)];
  return { request, secrets: [token, ...credentials] };
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "[removed]"), text);
}

/** The Cloud Tasks emulator ignores schedule times; its own backoff brings the order again. */
function tooEarly(byMs: number): BoomerangError {
  return new BoomerangError("too_early", `This call is not due for another ${Math.ceil(byMs / 1_000)} s.`, {
    status: 503,
    retryable: true,
  });
}
