import { randomBytes } from "node:crypto";
import type { Keys } from "../domain/keys.ts";
import { signatureHeaders } from "../domain/standard-webhooks.ts";
import { formatOf } from "../formats/index.ts";
import type { Delivery } from "./delivery.ts";
import type { SealedSecret } from "./webhook.ts";

/** Both secrets sign for this long after a rotation. */
export const rotationOverlapMs = 24 * 3_600_000;

/** A new secret, as Standard Webhooks writes them: `whsec_` and 32 random bytes in base64. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** The secrets that sign at `now` (milliseconds), newest first. Throws `unsealable`. */
export function liveSecrets(keys: Keys, sealed: readonly SealedSecret[], now: number): string[] {
  return sealed
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    .map((secret) => keys.open(secret.sealed));
}

/**
 * The headers of one attempt: the subscriber's own first, so that they replace none of ours. A signature is made anew for each
 * attempt, since it covers the time. A format's own signature header has room for one: the newest secret's.
 * @param now milliseconds since 1970.
 */
export function deliveryHeaders(
  delivery: Pick<Delivery, "id" | "eventId" | "eventType" | "body" | "format">,
  secrets: readonly string[],
  custom: Readonly<Record<string, string>>,
  now: number,
): Record<string, string> {
  const { id, eventId, eventType, body } = delivery;
  const format = formatOf(delivery.format);
  const own = format.headers?.({ id, eventType, body, secret: secrets[0] ?? null }) ?? {};
  return {
    ...lowerCaseNames(custom),
    "content-type": format.contentType,
    ...lowerCaseNames(own),
    ...signatureHeaders(secrets, eventId, body, now),
  };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
