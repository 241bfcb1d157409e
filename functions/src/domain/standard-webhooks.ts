import { createHmac } from "node:crypto";

/**
 * Standard Webhooks 1.0 headers (github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over
 * `{id}.{timestamp}.{body}`, one `v1,` signature for each live secret.
 * @param secrets base64, with or without the `whsec_` prefix, or any other text; none gives no headers.
 * @param now milliseconds since 1970.
 */
export function signatureHeaders(
  secrets: readonly string[],
  id: string,
  body: string,
  now: number,
): Record<string, string> {
  if (secrets.length === 0) return {};
  const timestamp = Math.floor(now / 1_000).toString();
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac("sha256", signingKey(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;

/** The key that a secret holds in padded base64 (RFC 4648, 4), with or without the `whsec_` prefix; undefined where it is other text. */
export function decodeSecret(secret: string): Buffer | undefined {
  const encoded = secret.replace(/^whsec_/, "");
  return base64.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
}

/** The public libraries refuse what is not base64; such a secret is taken as it stands, which they call the raw format. */
function signingKey(secret: string): Buffer {
  return decodeSecret(secret) ?? Buffer.from(secret, "utf8");
}
