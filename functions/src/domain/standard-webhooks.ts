import { createHmac } from "node:crypto";

/**
 * Standard Webhooks 1.0 headers (github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over
 * `{id}.{timestamp}.{body}`, one `v1,` signature for each live secret.
 * @param secrets base64, with or without the `whsec_` prefix; none gives no headers.
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
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
