import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { type Keys, parseKeys } from "../../src/domain/keys.ts";
import { signatureHeaders } from "../../src/domain/standard-webhooks.ts";
import { formats } from "../../src/formats/index.ts";
import { predict } from "../../src/formats/predict.ts";
import { sha256Signature } from "../../src/formats/sha256-signature.ts";
import { deliveryHeaders, liveSecrets, newWebhookSecret, rotationOverlapMs } from "../../src/webhooks/signing.ts";
import { sampleEvent } from "../support/sample-events.ts";

interface Vector {
  readonly name: string;
  readonly secret: string;
  readonly payload: string;
  readonly signature: string;
  readonly expect: boolean;
}

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(join(__dirname, "../fixtures/signatures", name), "utf8"));
}

const standardVectors = fixture<(Vector & { id: string; timestamp: string })[]>("standard-webhooks.json");
const hexVectors = fixture<Vector[]>("hmac-sha256-hex-body.json");
const python = fixture<{ secret: string; cases: { name: string; result: string; body: string; signature: string }[] }>(
  "python-sort-keys.json",
);

const body = '{"type":"job.completed","data":{"text":"Größe 🪃","share":0.1}}';
const delivery = { id: "dlv_1", eventId: "evt_1", eventType: "job.completed", body, format: "standard" };

/** What the public library says: "verified", or why not. */
function verdict(webhook: Webhook, headers: Record<string, string>, received = body): string {
  try {
    webhook.verify(received, headers, { jsonParse: false });
    return "verified";
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.message;
    throw error;
  }
}

test.each(standardVectors)("Standard Webhooks' published vector $name", (vector) => {
  const headers = signatureHeaders([vector.secret], vector.id, vector.payload, Number(vector.timestamp) * 1_000 + 999);
  expect(headers["webhook-id"]).toBe(vector.id);
  expect(headers["webhook-timestamp"]).toBe(vector.timestamp);
  // A header holds several signatures; one of them must be ours, or none where the vector is a wrong one.
  expect(vector.signature.split(" ").includes(String(headers["webhook-signature"]))).toBe(vector.expect);
});

test.each(hexVectors)("the published vector $name of an HMAC of the body", (vector) => {
  expect(sha256Signature(vector.secret, vector.payload) === vector.signature).toBe(vector.expect);
});

test("there are vectors that must match, and others that must not", () => {
  for (const vectors of [standardVectors, hexVectors]) {
    expect(new Set(vectors.map((vector) => vector.expect))).toEqual(new Set([true, false]));
  }
  expect([standardVectors.length, hexVectors.length]).toEqual([10, 5]);
});

const base64Secret = Buffer.from("a key of 24 bytes, or so").toString("base64");

test.each<[string, string, (secret: string) => Webhook]>([
  ["that we made", newWebhookSecret(), (secret) => new Webhook(secret)],
  ["in base64 with whsec_", `whsec_${base64Secret}`, (secret) => new Webhook(secret)],
  ["in base64 without whsec_", base64Secret, (secret) => new Webhook(secret)],
  ["in base64 with padding", Buffer.alloc(25, "k").toString("base64"), (secret) => new Webhook(secret)],
  ["that is other text", "your-secret-token", (secret) => new Webhook(secret, { format: "raw" })],
])("the public library accepts what a secret %s signs, and refuses everything else", (_what, secret, open) => {
  const now = Date.now();
  const webhook = open(secret);
  const headers = deliveryHeaders(delivery, [secret], {}, now);
  expect(verdict(webhook, headers)).toBe("verified");

  const wrong = "No matching signature found";
  expect(verdict(webhook, headers, body.replace("0.1", "0.2"))).toBe(wrong);
  expect(verdict(webhook, { ...headers, "webhook-id": "evt_2" })).toBe(wrong);
  expect(verdict(webhook, { ...headers, "webhook-timestamp": String(Math.floor(now / 1_000) - 1) })).toBe(wrong);
  expect(verdict(new Webhook(newWebhookSecret()), headers)).toBe(wrong);
  const at = (ms: number) => deliveryHeaders(delivery, [secret], {}, ms);
  expect(verdict(webhook, at(now - 305_000))).toBe("Message timestamp too old");
  expect(verdict(webhook, at(now + 305_000))).toBe("Message timestamp too new");
});

test("a secret that we make is 32 random bytes", () => {
  const secrets = Array.from({ length: 50 }, newWebhookSecret);
  expect(new Set(secrets).size).toBe(50);
  for (const secret of secrets) expect(Buffer.from(secret.replace(/^whsec_/, ""), "base64")).toHaveLength(32);
});

test("the secrets of an owner's callback URLs are Standard Webhooks' own kind, one for each project secret", () => {
  const text = `${"n".repeat(40)},${"o".repeat(40)}`;
  const secrets = parseKeys(text).ownerSecrets("owner-1");
  const headers = deliveryHeaders(delivery, secrets, {}, Date.now());
  expect(secrets).toHaveLength(2);
  for (const secret of secrets) expect(verdict(new Webhook(secret), headers)).toBe("verified");
  expect(parseKeys(text).ownerSecrets("owner-2")).not.toEqual(secrets);
  expect(parseKeys("n".repeat(40)).ownerSecrets("owner-1")).toEqual(secrets.slice(0, 1));
});

describe("after a rotation", () => {
  const keys: Keys = parseKeys("k".repeat(40));
  const [first, second] = [newWebhookSecret(), newWebhookSecret()];
  const rotatedAt = Date.now();
  const sealed = [
    { sealed: keys.seal(second), expiresAt: null },
    { sealed: keys.seal(first), expiresAt: rotatedAt + rotationOverlapMs },
  ];

  test("both secrets sign for 24 hours, the new one first", () => {
    for (const now of [rotatedAt, rotatedAt + 24 * 3_600_000 - 1]) {
      expect(liveSecrets(keys, sealed, now)).toEqual([second, first]);
    }
    const headers = deliveryHeaders(delivery, liveSecrets(keys, sealed, rotatedAt), {}, rotatedAt);
    expect(headers["webhook-signature"]).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
    expect([first, second].map((secret) => verdict(new Webhook(secret), headers))).toEqual(["verified", "verified"]);
  });

  test("only the new one signs after that", () => {
    expect(liveSecrets(keys, sealed, rotatedAt + 24 * 3_600_000)).toEqual([second]);
  });

  test("a header with room for one signature has the new one's", () => {
    const headers = deliveryHeaders({ ...delivery, format: "taskflow" }, [second, first], {}, rotatedAt);
    expect(headers["x-taskflow-signature"]).toBe(sha256Signature(second, body));
  });
});

test.each(formats)("$name: custom headers never replace ours, whatever their case", ({ name }) => {
  const now = Date.now();
  const secret = newWebhookSecret();
  const ours = deliveryHeaders({ ...delivery, format: name }, [secret], {}, now);
  const replacing = Object.fromEntries(Object.keys(ours).map((header) => [header.toUpperCase(), "theirs"]));
  const sent = deliveryHeaders({ ...delivery, format: name }, [secret], { ...replacing, "X-Custom": "value" }, now);
  expect(sent).toEqual({ ...ours, "x-custom": "value" });
  expect(Object.keys(sent).filter((header) => header !== header.toLowerCase())).toEqual([]);
  expect(verdict(new Webhook(secret), sent)).toBe("verified");
});

test("the formats' own headers are those that their receivers look for", () => {
  const headersOf = (format: string, secrets: string[]) => {
    return deliveryHeaders({ ...delivery, format }, secrets, {}, 1_700_000_000_000);
  };
  const { "webhook-signature": signature, ...taskflow } = headersOf("taskflow", ["your-secret-token"]);
  expect(signature).toMatch(/^v1,/);
  expect(taskflow).toEqual({
    "content-type": "application/json",
    "webhook-id": "evt_1",
    "webhook-timestamp": "1700000000",
    "x-taskflow-event": "job.completed",
    "x-taskflow-delivery-id": "dlv_1",
    "x-taskflow-signature": `sha256=${createHmac("sha256", "your-secret-token").update(body).digest("hex")}`,
  });
  expect(Object.keys(headersOf("predict", ["s"]))).toContain("x-signature");
  expect(Object.keys(headersOf("taskflow", [])).sort()).toEqual([
    "content-type",
    "x-taskflow-delivery-id",
    "x-taskflow-event",
  ]);
  for (const format of ["predict", "slack", "standard"])
    expect(Object.keys(headersOf(format, []))).toEqual(["content-type"]);
});

test.each(python.cases)("predict: Python's generate_signature over the parsed body agrees: $name", (vector) => {
  const task = { id: "job-abc123", resultUrl: null, result: JSON.parse(vector.result) };
  const sent = predict.render(sampleEvent("completed", { at: "2024-01-15T10:30:00Z", task })) ?? "";
  expect(sent).toBe(vector.body);
  const headers = deliveryHeaders({ ...delivery, body: sent, format: "predict" }, [python.secret], {}, Date.now());
  // Over the raw body and over the one that was parsed and written again it is one signature.
  expect(headers["x-signature"]).toBe(vector.signature);
});
