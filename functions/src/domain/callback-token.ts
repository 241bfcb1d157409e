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
  /** When the task was submitted, milliseconds since 1970: its end tells how long it took. */
  readonly createdAt: number;
}

/** Separates the parts; unreserved in a URL (RFC 3986) and allowed in none of them. */
const separator = "~";

/** The token for a callback URL: `{provider}~{event prefix}~{createdAt in base 36}~{HMAC over these and the correlation id}`. */
export function callbackToken(keys: Keys, { correlationId, provider, eventPrefix, createdAt }: CallbackClaims): string {
  const parts = [provider, eventPrefix, createdAt.toString(36)];
  return [...parts, keys.sign(signedText(correlationId, parts))].join(separator);
}

/** The claims of a token that is ours and was made for this correlation id; undefined for any other. */
export function verifyCallbackToken(keys: Keys, correlationId: string, token: string): CallbackClaims | undefined {
  const [provider, eventPrefix, created, mac, ...rest] = token.split(separator);
  if (provider === undefined || eventPrefix === undefined || created === undefined || mac === undefined)
    return undefined;
  // The parts as they stand are what was signed, so a number in another spelling is another token.
  if (rest.length > 0 || !keys.verify(signedText(correlationId, [provider, eventPrefix, created]), mac))
    return undefined;
  return { correlationId, provider, eventPrefix, createdAt: Number.parseInt(created, 36) };
}

function signedText(correlationId: string, parts: readonly string[]): string {
  return [correlationId, ...parts].join(separator);
}
