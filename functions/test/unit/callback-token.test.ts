import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { callbackToken, verifyCallbackToken } from "../../src/domain/callback-token.ts";
import { parseKeys } from "../../src/domain/keys.ts";

const newSecret = () => randomBytes(48).toString("base64url");
const oldSecret = newSecret();
const secret = newSecret();
const keys = parseKeys(secret);
const id = "0b0e7a52-65ce-4f5e-9a3c-3f2d1c0b9a87";
const createdAt = Date.parse("2026-01-15T10:30:15.123Z");
const claims = { correlationId: id, provider: "generic", eventPrefix: "task", createdAt };
const token = callbackToken(keys, claims);
const said = `generic~task~${createdAt.toString(36)}`;
const mac = token.slice(`${said}~`.length);

test("a token is taken for the task it was made for, and gives back what it vouches for", () => {
  expect(verifyCallbackToken(keys, id, token)).toEqual(claims);
});

test.each([0, 1, 1_700_000_000_000, 8_640_000_000_000_000, -1])("a token gives back the time %d", (time) => {
  const old = { ...claims, createdAt: time };
  expect(verifyCallbackToken(keys, id, callbackToken(keys, old))).toEqual(old);
});

test("a token goes into a URL as it is", () => {
  expect(new URL(`https://a.example/webhookCallback/${id}?token=${token}`).searchParams.get("token")).toBe(token);
  expect(encodeURIComponent(token)).toBe(token);
});

test("a token of another task is refused", () => {
  expect(verifyCallbackToken(keys, "0b0e7a52-65ce-4f5e-9a3c-3f2d1c0b9a88", token)).toBeUndefined();
  expect(verifyCallbackToken(keys, "", token)).toBeUndefined();
  expect(verifyCallbackToken(keys, id.toUpperCase(), token)).toBeUndefined();
});

test.each([
  ["provider", `replicate~task~${createdAt.toString(36)}~${mac}`],
  ["event prefix", `generic~job~${createdAt.toString(36)}~${mac}`],
  ["provider, empty", `~task~${createdAt.toString(36)}~${mac}`],
  ["event prefix, empty", `generic~~${createdAt.toString(36)}~${mac}`],
  ["boundary between the two", `generict~ask~${createdAt.toString(36)}~${mac}`],
  ["case", `Generic~task~${createdAt.toString(36)}~${mac}`],
  ["time of submission", `generic~task~${(createdAt + 1).toString(36)}~${mac}`],
  ["spelling of the time", `generic~task~0${createdAt.toString(36)}~${mac}`],
  ["case of the time", `generic~task~${createdAt.toString(36).toUpperCase()}~${mac}`],
  ["time, empty", `generic~task~~${mac}`],
  ["time, left out", `generic~task~${mac}`],
])("a token with another %s is refused", (_what, forged) => {
  expect(verifyCallbackToken(keys, id, forged)).toBeUndefined();
});

test("a token that says the same with its parts cut elsewhere is refused", () => {
  const made = callbackToken(keys, { correlationId: "a", provider: "b", eventPrefix: "c", createdAt: 13 });
  expect(made).toMatch(/^b~c~d~/);
  const signature = made.split("~")[3];
  expect(verifyCallbackToken(keys, "a~b", `c~d~${signature}`)).toBeUndefined();
  expect(verifyCallbackToken(keys, "a~b", `c~~d~${signature}`)).toBeUndefined();
  expect(verifyCallbackToken(keys, "a~b", `c~d~~${signature}`)).toBeUndefined();
  expect(verifyCallbackToken(keys, "a", `b~c~d~${signature}`)).toBeDefined();
});

test("a token made with another secret is refused, also one that its maker calls the same", () => {
  expect(verifyCallbackToken(parseKeys(newSecret()), id, token)).toBeUndefined();
});

test("a token made before a rotation is still taken, and the newest secret makes the new ones", () => {
  const old = callbackToken(parseKeys(oldSecret), claims);
  const rotated = parseKeys(`${secret} ${oldSecret}`);
  expect(verifyCallbackToken(rotated, id, old)).toEqual(claims);
  expect(callbackToken(rotated, claims)).toBe(token);
  expect(verifyCallbackToken(keys, id, old)).toBeUndefined();
});

test("a token cut off anywhere is refused", () => {
  for (let length = 0; length < token.length; length += 1) {
    expect([length, verifyCallbackToken(keys, id, token.slice(0, length))]).toEqual([length, undefined]);
  }
});

test("a token with any one character changed is refused, also where the change would decode to the same bytes", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (let i = 0; i < mac.length; i += 1) {
    for (const character of alphabet.replace(mac[i] ?? "", "")) {
      const forged = `${said}~${mac.slice(0, i)}${character}${mac.slice(i + 1)}`;
      expect([forged, verifyCallbackToken(keys, id, forged)]).toEqual([forged, undefined]);
    }
  }
});

/** A MAC has two ways of being written in base64; only ours is taken, so that a token is one text. */
function withSigns(): { made: string; claims: typeof claims; standard: string } {
  for (let i = 0; ; i += 1) {
    const signed = { ...claims, correlationId: `task-${i}` };
    const made = callbackToken(keys, signed);
    const standard = made.replaceAll("-", "+").replaceAll("_", "/");
    if (standard !== made) return { made, claims: signed, standard };
  }
}

test("a token in the other alphabet of base64 is refused", () => {
  const { made, claims: signed, standard } = withSigns();
  expect(verifyCallbackToken(keys, signed.correlationId, made)).toEqual(signed);
  expect(verifyCallbackToken(keys, signed.correlationId, standard)).toBeUndefined();
});

test.each([
  ["nothing", ""],
  ["separators only", "~~~"],
  ["no MAC", `${said}~`],
  ["a part more", `${token}~`],
  ["a part more, before", `~${token}`],
  ["a repetition", `${token}~${token}`],
  ["padding", `${token}=`],
  ["a space after", `${token} `],
  ["a line end", `${token}\n`],
  ["a space before the MAC", `${said}~ ${mac}`],
  ["junk inside the MAC", `${said}~${mac.slice(0, 10)}!*${mac.slice(10)}`],
  ["junk after the MAC", `${token}!`],
  ["a character more", `${token}A`],
  ["the MAC in hex", `${said}~${Buffer.from(mac, "base64url").toString("hex")}`],
  ["the MAC in capitals", `${said}~${mac.toUpperCase()}`],
  ["the MAC alone", mac],
])("a token with or as %s is refused", (_what, forged) => {
  expect(verifyCallbackToken(keys, id, forged)).toBeUndefined();
});

test("whatever somebody makes up, it is refused, and nothing is thrown", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(verifyCallbackToken(keys, id, text)).toBeUndefined();
      expect(verifyCallbackToken(keys, id, `${said}~${text}`)).toBeUndefined();
    }),
  );
});
