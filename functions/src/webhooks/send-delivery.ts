import type { Deps } from "../deps.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { parseRetryAfter } from "../domain/retry-policy.ts";
import { formatOf } from "../formats/index.ts";
import { OutboundFailure } from "../platform/outbound-failure.ts";
import type { OutboundResponse } from "../platform/outbound-http.ts";
import type { Delivery, Fault } from "./delivery.ts";
import { deliveryHeaders, liveSecrets } from "./signing.ts";
import type { Webhook } from "./webhook.ts";

/** What one request to a subscriber came to. */
export interface SentDelivery {
  readonly durationMs: number;
  readonly statusCode: number | null;
  /** Null where it was delivered. */
  readonly error: string | null;
  readonly fault: Fault | null;
  readonly responseBody: string | null;
  /** `retry`: trying again may help. `final`: it will not. `gone`: the subscriber wants nothing more (410). */
  readonly verdict: "delivered" | "retry" | "final" | "gone";
  readonly retryAfterMs: number | undefined;
}

const maxReadBytes = 64 * 1_024;
const keptBytes = 1_024;

/** Sends one signed request. Never throws for what a subscriber, or its stored settings, did wrong. */
export async function sendDelivery(
  deps: Deps,
  delivery: Pick<Delivery, "id" | "eventId" | "eventType" | "body" | "format" | "url" | "ownerId">,
  webhook: Webhook | undefined,
): Promise<SentDelivery> {
  const startedAt = deps.now();
  try {
    const secrets =
      webhook === undefined
        ? deps.keys.ownerSecrets(delivery.ownerId)
        : liveSecrets(deps.keys, webhook.sealedSecrets, startedAt);
    const custom = webhook?.sealedHeaders == null ? {} : JSON.parse(deps.keys.open(webhook.sealedHeaders));
    const response = await deps.send({
      // A changed address counts for what is still on its way.
      url: webhook?.url ?? delivery.url,
      method: "POST",
      headers: deliveryHeaders(delivery, secrets, custom, startedAt),
      body: delivery.body,
      timeoutMs: webhook === undefined ? deps.config.outboundTimeoutMs : webhook.timeoutSeconds * 1_000,
      maxBodyBytes: maxReadBytes,
    });
    return answered(delivery.format, response, deps.now());
  } catch (error) {
    if (!(error instanceof BoomerangError)) throw error;
    const ours = error.code === "unsealable" || error.code === "bad_configuration";
    const failed = failedAttempt(
      messageOf(error),
      ours ? "ours" : "subscriber",
      error.retryable || ours ? "retry" : "final",
    );
    return { ...failed, durationMs: error instanceof OutboundFailure ? error.durationMs : 0 };
  }
}

/** An attempt that got no answer, or was not made. */
export function failedAttempt(error: string, fault: Fault, verdict: "retry" | "final"): SentDelivery {
  return { durationMs: 0, statusCode: null, error, fault, responseBody: null, verdict, retryAfterMs: undefined };
}

function answered(formatName: string, response: OutboundResponse, now: number): SentDelivery {
  const { status, durationMs } = response;
  const format = formatOf(formatName);
  const success = format.isSuccess?.(status) ?? (status >= 200 && status < 300);
  // `stream` leaves out a character that the cut goes through.
  const responseBody = new TextDecoder().decode(response.body.subarray(0, keptBytes), { stream: true });
  const retryAfterMs =
    status === 429 || status === 503 ? parseRetryAfter(response.headers["retry-after"], now) : undefined;
  const answer = { durationMs, statusCode: status, responseBody, retryAfterMs };
  if (success) return { ...answer, error: null, fault: null, verdict: "delivered" };
  const error =
    status >= 300 && status < 400 ? `It redirects (${status}), which is not followed.` : `It answered ${status}.`;
  const retryable = format.isRetryable?.(status) ?? true;
  return { ...answer, error, fault: "subscriber", verdict: status === 410 ? "gone" : retryable ? "retry" : "final" };
}
