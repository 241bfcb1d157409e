import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { signatureHeaders } from "../../src/domain/standard-webhooks.ts";

interface Vector {
  readonly name: string;
  readonly secret: string;
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
  readonly signature: string;
  readonly valid: boolean;
}

const file = join(import.meta.dirname, "../fixtures/standard-webhooks-vectors.json");
const { vectors }: { vectors: Vector[] } = JSON.parse(readFileSync(file, "utf8"));
const valid = vectors.filter((vector) => vector.valid).map((vector): [string, Vector] => [vector.name, vector]);
const invalid = vectors.filter((vector) => !vector.valid).map((vector): [string, Vector] => [vector.name, vector]);

const newest = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const old = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

test.each(valid)("the published vector %s is what we sign", (_name, vector) => {
  const headers = signatureHeaders([vector.secret], vector.id, vector.body, vector.timestamp * 1_000);
  expect(headers["webhook-id"]).toBe(vector.id);
  expect(headers["webhook-timestamp"]).toBe(String(vector.timestamp));
  expect(vector.signature.split(" ")).toContain(headers["webhook-signature"]);
});

test.each(invalid)("the published counter-example %s is not what we sign", (_name, vector) => {
  const headers = signatureHeaders([vector.secret], vector.id, vector.body, vector.timestamp * 1_000);
  expect(vector.signature.split(" ")).not.toContain(headers["webhook-signature"]);
});

test("there are vectors of both kinds", () => {
  expect(valid.length).toBeGreaterThanOrEqual(4);
  expect(invalid.length).toBeGreaterThanOrEqual(6);
});

test.each([
  ["plain", '{"a":1}'],
  ["not ASCII", '{"title":"Łódź 🚤\\u2028"}'],
  ["large", JSON.stringify({ text: "x".repeat(100_000) })],
])("the standard's own library takes what we sign, with a body that is %s", (_what, body) => {
  const headers = signatureHeaders([newest], "msg_1", body, Date.now());
  expect(new Webhook(newest).verify(body, headers)).toEqual(JSON.parse(body));
});

test("the standard's own library refuses another body, id, time or secret than we signed", () => {
  const headers = signatureHeaders([newest], "msg_1", '{"a":1}', Date.now());
  const webhook = new Webhook(newest);
  expect(() => webhook.verify('{"a":2}', headers)).toThrow("No matching signature found");
  expect(() => webhook.verify('{"a":1}', { ...headers, "webhook-id": "msg_2" })).toThrow("No matching signature found");
  expect(() => new Webhook(old).verify('{"a":1}', headers)).toThrow("No matching signature found");
  const earlier = { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 1) };
  expect(() => webhook.verify('{"a":1}', earlier)).toThrow("No matching signature found");
});

test("every live secret signs, the newest first, so that a receiver with either takes it", () => {
  const headers = signatureHeaders([newest, old], "msg_1", '{"a":1}', Date.now());
  const [first, second, ...others] = (headers["webhook-signature"] ?? "").split(" ");
  expect(others).toEqual([]);
  expect(new Webhook(newest).verify('{"a":1}', { ...headers, "webhook-signature": first ?? "" })).toEqual({ a: 1 });
  expect(new Webhook(old).verify('{"a":1}', { ...headers, "webhook-signature": second ?? "" })).toEqual({ a: 1 });
  for (const secret of [newest, old]) expect(new Webhook(secret).verify('{"a":1}', headers)).toEqual({ a: 1 });
});

test("a secret means the same with and without whsec_", () => {
  const sign = (secret: string) => signatureHeaders([secret], "msg_1", "{}", 1_000);
  expect(sign(newest.slice("whsec_".length))).toEqual(sign(newest));
});

test("the timestamp is in whole seconds, never ahead of the clock", () => {
  expect(signatureHeaders([newest], "m", "{}", 1_699_999_999_999)["webhook-timestamp"]).toBe("1699999999");
});

test("without a secret there are no headers", () => {
  expect(signatureHeaders([], "msg_1", "{}", 1_000)).toEqual({});
});
