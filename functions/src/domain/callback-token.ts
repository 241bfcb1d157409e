import type { Keys } from "./keys.ts";

/**
 * What the token of a callback URL vouches for. It carries what the callback needs to know of its task, so that an
 * honest callback is applied, and a forged one turned away, without reading anything.
 */
export interface CallbackClaims {
  readonly correlationId: string;
  /** Who speaks at the other end, and so how the body is read. */
  readonly provider: string;
  /** Prefix of the task's event types. */
  readonly eventPrefix: string;
}

/** Separates the parts; unreserved in a URL (RFC 3986) and allowed in none of them. */
const separator = "~";

/** The token for a callback URL: `{provider}~{event prefix}~{HMAC over both and the correlation id}`. */
export function callbackToken(keys: Keys, claims: CallbackClaims): string {
  return [claims.provider, claims.eventPrefix, keys.sign(signedText(claims))].join(separator);
}

/** The claims of a token that is ours and was made for this correlation id; undefined for any other. */
export function verifyCallbackToken(keys: Keys, correlationId: string, token: string): CallbackClaims | undefined {
  const [provider, eventPrefix, mac, ...rest] = token.split(separator);
  if (provider === undefined || eventPrefix === undefined || mac === undefined || rest.length > 0) return undefined;
  const claims = { correlationId, provider, eventPrefix };
  return keys.verify(signedText(claims), mac) ? claims : undefined;
}

function signedText({ correlationId, provider, eventPrefix }: CallbackClaims): string {
  return [correlationId, provider, eventPrefix].join(separator);
}
