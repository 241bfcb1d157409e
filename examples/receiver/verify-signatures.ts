import { createHmac, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** What one signature header of a request turned out to be worth. */
export interface SignatureCheck {
  /** `webhook-signature`, `x-taskflow-signature` or `x-signature`. */
  readonly header: string;
  readonly verified: boolean;
  /** Why it was refused. */
  readonly reason?: string;
}

const HMAC_HEADERS = ["x-taskflow-signature", "x-signature"];

/**
 * Checks every signature that a request carries against the secret: the three Standard Webhooks headers, and the
 * `sha256=` HMAC of the body in `X-TaskFlow-Signature` or `X-Signature`. Returns one entry for each that is there.
 */
export function checkSignatures(secret: string, headers: Record<string, string>, body: Buffer): SignatureCheck[] {
  const checks: SignatureCheck[] = [];
  if (headers["webhook-signature"] !== undefined) checks.push(checkStandard(secret, headers, body));
  for (const header of HMAC_HEADERS) {
    const given = headers[header];
    if (given !== undefined) checks.push(checkHmac(secret, header, given, body));
  }
  return checks;
}

function checkStandard(secret: string, headers: Record<string, string>, body: Buffer): SignatureCheck {
  const header = "webhook-signature";
  let reason = "";
  for (const read of READINGS) {
    try {
      read(secret).verify(body, headers, { jsonParse: false });
      return { header, verified: true };
    } catch (error) {
      reason ||= error instanceof Error ? error.message : String(error);
    }
  }
  return { header, verified: false, reason };
}

/** A secret is base64, as the specification has it; one that somebody simply thought up is taken as it stands. */
const READINGS = [
  (secret: string) => new Webhook(secret),
  (secret: string) => new Webhook(Buffer.from(secret), { format: "raw" }),
];

function checkHmac(secret: string, header: string, given: string, body: Buffer): SignatureCheck {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const actual = Buffer.from(given);
  const verified = actual.length === expected.length && timingSafeEqual(actual, expected);
  return verified ? { header, verified } : { header, verified, reason: "The HMAC is not that of the body" };
}
