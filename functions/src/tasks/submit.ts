import { v5 } from "uuid";
import type { Deps } from "../deps.ts";
import { digestOf } from "../domain/canonical-json.ts";
import { BoomerangError } from "../domain/errors.ts";
import { isSealed } from "../domain/keys.ts";
import { checkOutboundUrl } from "../domain/outbound-url.ts";
import { isTooDeep, toStorable } from "../domain/storable.ts";
import { invalidFields } from "../domain/validation.ts";
import { alreadyExists, hasCode, timestamp } from "../platform/firestore.ts";
import { commitShared } from "../platform/shared-commit.ts";
import { providerOf } from "../providers/index.ts";
import { outcomeRef, type PendingWebhook, pendingWebhookRef, presets, readPendingWebhook } from "./pending-webhook.ts";
import { pendingSweepAt, sweepShardOf } from "./sweep-index.ts";
import type { TaskRequest } from "./task-request.ts";

/** Namespace of the correlation ids that are derived instead of drawn (UUID version 5, RFC 9562). */
const namespace = "6f1d6f0c-6a0e-5c57-9a38-0f4b3c1f7f7a";

export interface Submission {
  readonly task: PendingWebhook;
  /** False where the same request had been stored before. */
  readonly created: boolean;
}

/**
 * The correlation id that belongs to a key of the caller's: the same key of the same owner is the same task, so that
 * asking twice needs no table of keys and no second write.
 */
export function derivedId(
  kind: "idempotency-key" | "task-document" | "retry" | "event",
  ...parts: readonly string[]
): string {
  return v5(JSON.stringify([kind, ...parts]), namespace);
}

/**
 * Stores a task: one write, from which the trigger derives the outbound call.
 * @param correlationId derived, where asking twice must lead to one task; else a new one is drawn.
 * Throws `unknown_service` and `url_not_allowed` (422), and `idempotency_key_reused` (409) where another request came before.
 */
export async function submitTask(deps: Deps, request: TaskRequest, correlationId?: string): Promise<Submission> {
  const id = correlationId ?? deps.newId();
  const ref = pendingWebhookRef(deps.db, id);
  try {
    const task = await newTask(deps, request, id);
    const bytes = JSON.stringify(task).length;
    await commitShared(deps.db, {
      about: ref.path,
      bytes,
      addTo(batch) {
        batch.create(ref, task);
        // The outcome outlives its task for a while: of one that had this id before, it would keep the new one from ending.
        if (correlationId !== undefined) batch.delete(outcomeRef(deps.db, id));
      },
    });
    deps.log.info("submit: stored", { correlationId: id, service: task.service, ownerId: task.ownerId });
    return { task, created: true };
  } catch (error) {
    // What cannot be taken now may have been taken before: its service may have gone since.
    const refused = correlationId !== undefined && error instanceof BoomerangError && !error.retryable;
    if (!refused && !hasCode(error, alreadyExists)) throw error;
    const stored = (await ref.get()).data();
    if (stored === undefined) throw error;
    return { task: sameRequest(readPendingWebhook(stored), request), created: false };
  }
}

/** The stored task, where it came of the same request. */
function sameRequest(stored: PendingWebhook, request: TaskRequest): PendingWebhook {
  if (stored.requestDigest === requestDigest(request)) return stored;
  const message = "This Idempotency-Key was used for another request. Use a new key for a new request.";
  throw new BoomerangError("idempotency_key_reused", message, { status: 409 });
}

async function newTask(deps: Deps, request: TaskRequest, correlationId: string): Promise<PendingWebhook> {
  const worker = await resolveWorker(deps, request);
  const now = deps.now();
  const timeoutSeconds = request.timeoutSeconds ?? worker.timeoutSeconds;
  const expiresAt = now + timeoutSeconds * 1_000;
  const params = { ...worker.params, ...request.params };
  for (const [field, value] of Object.entries({ params, metadata: request.metadata })) {
    if (isTooDeep(value)) throw invalidFields([{ field, message: "is nested too deeply" }]);
  }
  const policy = { allowInsecure: deps.config.emulator, allowedHosts: deps.config.allowedHosts };
  checkOutboundUrl(worker.webhookUrl, policy);
  if (request.callbackUrl !== null) checkOutboundUrl(request.callbackUrl, policy);

  return {
    ...presets,
    ...worker,
    correlationId,
    ownerId: request.ownerId,
    userId: request.userId,
    projectId: request.projectId,
    objectId: request.objectId,
    assistantId: request.assistantId,
    followers: request.followers,
    prompt: request.prompt,
    params: toStorable(params),
    metadata: toStorable(request.metadata),
    priority: request.priority,
    file: request.file,
    callbackUrl: request.callbackUrl,
    callbackFormat: request.callbackFormat,
    retryOf: request.retryOf,
    requestDigest: requestDigest(request),
    createdAt: timestamp(now),
    updatedAt: timestamp(now),
    timeoutSeconds,
    expiresAt,
    nextAttemptAt: now,
    sweepShard: sweepShardOf(correlationId),
    sweepAt: pendingSweepAt({ expiresAt, nextAttemptAt: now, rescues: 0 }),
  };
}

type Worker = Pick<
  PendingWebhook,
  | "service"
  | "provider"
  | "mode"
  | "eventPrefix"
  | "webhookUrl"
  | "sealedAuth"
  | "sealedSecret"
  | "heartbeatSeconds"
  | "timeoutSeconds"
  | "maxRetries"
  | "retryDelaySeconds"
> & { readonly params: Readonly<Record<string, unknown>> };

async function resolveWorker(deps: Deps, { worker }: TaskRequest): Promise<Worker> {
  const defaults = {
    timeoutSeconds: deps.config.taskTimeoutSeconds,
    maxRetries: deps.config.maxRetries,
    retryDelaySeconds: deps.config.retryDelaySeconds,
  };
  if ("url" in worker) {
    const { provider, mode, eventPrefix, heartbeatSeconds } = presets;
    const sealedAuth = worker.auth === null || isSealed(worker.auth) ? worker.auth : deps.keys.seal(worker.auth);
    const own = { service: null, sealedAuth, sealedSecret: null, webhookUrl: worker.url, params: {} };
    return { ...defaults, provider, mode, eventPrefix, heartbeatSeconds, ...own };
  }
  const service = await deps.services.find(worker.service);
  if (service === undefined) {
    const message = `No service called "${worker.service}" is registered. An operator registers it with PUT /api/v1/services/${worker.service}.`;
    throw new BoomerangError("unknown_service", message, { status: 422, errors: [{ field: "service", message }] });
  }
  const { provider, mode, eventPrefix, sealedAuth, sealedSecret, heartbeatSeconds, params } = service;
  providerOf(provider);
  return {
    service: service.name,
    provider,
    mode,
    eventPrefix,
    webhookUrl: service.url,
    sealedAuth,
    sealedSecret,
    heartbeatSeconds,
    params,
    timeoutSeconds: service.timeoutSeconds ?? defaults.timeoutSeconds,
    maxRetries: service.maxRetries ?? defaults.maxRetries,
    retryDelaySeconds: service.retryDelaySeconds ?? defaults.retryDelaySeconds,
  };
}

/** Of all that the caller said, but not of credentials: a user may read the digest. Nor of where a file lies, which is ours. */
function requestDigest({ worker, file, ...said }: TaskRequest): string {
  const { path: _, ...sent } = file ?? { path: "" };
  return digestOf({
    ...said,
    worker: "url" in worker ? { url: worker.url } : worker,
    file: file === null ? null : sent,
  });
}
