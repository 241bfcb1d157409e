import type { Deps } from "../deps.ts";
import { callbackToken } from "../domain/callback-token.ts";
import { BoomerangError } from "../domain/errors.ts";
import { failed, type Outcome } from "../domain/outcome.ts";
import { isRetryableStatus, parseRetryAfter, retryDelayMs } from "../domain/retry-policy.ts";
import { fromStorable } from "../domain/storable.ts";
import type { OutboundResponse } from "../platform/outbound-http.ts";
import { providerOf } from "../providers/index.ts";
import type { OutboundCall, Provider } from "../providers/provider.ts";
import type { Verdict } from "./attempt.ts";
import { keepLargeParts } from "./large-results.ts";
import { fileUrl } from "./open-file.ts";
import type { PendingWebhook } from "./pending-webhook.ts";

/** What an outbound call brought. */
export interface CallReport {
  /** Null where no answer came. */
  readonly statusCode: number | null;
  /** What was wrong with the call or its answer, for a person. */
  readonly error: string | null;
  readonly verdict: Verdict;
}

const syncTimeoutMs = 60_000;
const maxAckBytes = 2 * 1_024 * 1_024;
const maxResultBytes = 10 * 1_024 * 1_024;
const keptAnswerBytes = 1_024;
/** Anything shorter is found in texts that quote no credential. */
const minQuotedLength = 8;

/**
 * Makes the outbound call, the `attempt`-th of its task, and judges the answer. What the service answers is kept without
 * the credentials that it may quote: users read it. Throws only where something of ours failed.
 */
export async function callService(deps: Deps, task: PendingWebhook, attempt: number): Promise<CallReport> {
  const again = (outcome: Outcome, retryAfterMs?: number): Verdict => {
    const policy = { maxRetries: task.maxRetries, delaySeconds: task.retryDelaySeconds };
    const delay = retryDelayMs(policy, attempt, retryAfterMs);
    if (delay === undefined) return { input: "reject", outcome };
    return { input: "attempt_failed", nextAttemptAt: deps.now() + delay };
  };
  let statusCode: number | null = null;
  try {
    const provider = providerOf(task.provider);
    const { request, secrets } = outboundCall(deps, task, provider);
    const response = await deps.send({
      ...request,
      method: "POST",
      timeoutMs: task.mode === "sync" ? syncTimeoutMs : deps.config.outboundTimeoutMs,
      maxBodyBytes: task.mode === "sync" ? maxResultBytes : maxAckBytes,
    });
    statusCode = response.status;
    const answer = withoutSecrets(response.body.toString("utf8"), secrets);
    if (statusCode >= 200 && statusCode < 300) {
      return { statusCode, error: null, verdict: await accepted(deps, task, provider, response, answer) };
    }
    const said = firstBytes(answer, keptAnswerBytes);
    const error = `The service answered ${statusCode}${said === "" ? "" : `: ${said}`}`;
    const outcome = failed(`http_${statusCode}`, error);
    if (!isRetryableStatus(statusCode)) return { statusCode, error, verdict: { input: "reject", outcome } };
    const retryAfterMs = parseRetryAfter(response.headers["retry-after"], deps.now());
    return { statusCode, error, verdict: again(outcome, retryAfterMs) };
  } catch (error) {
    if (!(error instanceof BoomerangError)) throw error;
    const outcome = failed(error.code, error.message);
    const verdict: Verdict = error.retryable ? again(outcome) : { input: "reject", outcome };
    return { statusCode, error: error.message, verdict };
  }
}

async function accepted(
  deps: Deps,
  task: PendingWebhook,
  provider: Provider,
  response: OutboundResponse,
  answer: string,
): Promise<Verdict> {
  if (task.mode === "callback") {
    return { input: "acknowledge", acknowledgement: provider.parseAcknowledgement(answer) };
  }
  if (response.truncated) {
    const message = `The service's answer is larger than ${maxResultBytes} bytes. Let it answer with a resultUrl.`;
    throw new BoomerangError("answer_too_large", message);
  }
  const outcome = await keepLargeParts(deps.files.keepJson, task.correlationId, provider.parseResult(answer));
  return { input: outcome.status === "completed" ? "succeed" : "fail", outcome };
}

interface SensitiveCall {
  readonly request: OutboundCall;
  /** What of it must not be kept, should the service quote it. */
  readonly secrets: readonly string[];
}

function outboundCall(deps: Deps, task: PendingWebhook, provider: Provider): SensitiveCall {
  const { correlationId, eventPrefix } = task;
  const createdAt = task.createdAt.toMillis();
  const token = callbackToken(deps.keys, { correlationId, provider: provider.name, eventPrefix, createdAt });
  const auth = task.sealedAuth === null ? null : deps.keys.open(task.sealedAuth);
  const params = fromStorable(task.params);
  const file = fileParams(deps, task);
  const request = provider.buildCall(
    {
      correlationId,
      callbackUrl: `${deps.config.callbackBaseUrl}/webhookCallback/${encodeURIComponent(correlationId)}?token=${token}`,
      webhookUrl: task.webhookUrl,
      auth,
      signingSecrets: task.sealedSecret === null ? [] : [deps.keys.open(task.sealedSecret)],
      prompt: task.prompt,
      params: { ...(params !== null && typeof params === "object" ? params : {}), ...file.params },
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
  return {
    request,
    secrets: [token, ...file.secrets, ...credentials].filter((secret) => secret.length >= minQuotedLength),
  };
}

/** What the service learns of the task's file, and where it fetches it. */
function fileParams(deps: Deps, { correlationId, file }: PendingWebhook) {
  if (file === null) return { params: {}, secrets: [] };
  const { url, token } = fileUrl(deps, correlationId);
  const { name: file_name, contentType: content_type, bytes: file_size, sha256: file_sha256 } = file;
  return { params: { file_url: url, file_name, content_type, file_size, file_sha256 }, secrets: [token] };
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  const quoted = secrets.filter((secret) => text.includes(plainPart(secret)));
  return quoted.reduce((rest, secret) => rest.replace(quotation(secret), "[removed]"), text);
}

/** The longest part of a text that every quotation spells alike. Most answers do not hold it, and need no closer look. */
function plainPart(text: string): string {
  return text.split(/[^a-z0-9]/i).reduce((longest, part) => (part.length > longest.length ? part : longest));
}

/** Finds a text as it is, within JSON (whatever is escaped there, as often as it was nested) and within a URL. */
function quotation(text: string): RegExp {
  const spellings = [text, encodeURIComponent(text)];
  return new RegExp(spellings.map((spelling) => spelling.replaceAll(/\W/g, "\\\\*\\$&")).join("|"), "g");
}

/** The beginning of a text, at most so many bytes of UTF-8, without half a character at the end. */
function firstBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}
