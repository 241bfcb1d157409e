import { createHmac } from "node:crypto";

/** `sha256=` and the HMAC-SHA256 of the body in hex, with the secret as text. */
export function sha256Signature(secret: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}
