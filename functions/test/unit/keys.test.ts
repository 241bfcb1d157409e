import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import { BoomerangError } from "../../src/domain/errors.ts";
import { isSealed, parseKeys } from "../../src/domain/keys.ts";

const newSecret = () => randomBytes(48).toString("base64url");
const oldSecret = newSecret();
const secret = newSecret();
const old = parseKeys(oldSecret);
const keys = parseKeys(secret);
const rotated = parseKeys(`${secret},${oldSecret}`);

function refusal(work: () => unknown): BoomerangError {
  try {
    work();
  } catch (error) {
    if (error instanceof BoomerangError) return error;
    throw error;
  }
  throw new Error("was taken");
}

test.each([
  ["nothing", undefined],
  ["empty text", ""],
  ["white space", " \n, "],
])("%s as a secret is refused, with the variable's name and the command that sets it", (_what, text) => {
  const { code, message } = refusal(() => parseKeys(text));
  expect(code).toBe("bad_configuration");
  expect(message).toMatch(/^BOOMERANG_SECRET is not set\. .*firebase functions:secrets:set BOOMERANG_SECRET$/);
});

test.each([
  ["too short", "x".repeat(31)],
  ["one of two too short", `${secret} ${"x".repeat(31)}`],
])("a secret that is %s is refused without being shown", (_what, text) => {
  const { code, message } = refusal(() => parseKeys(text));
  expect(code).toBe("bad_configuration");
  expect(message).toMatch(/^BOOMERANG_SECRET must have at least 32 characters/);
  expect(message).not.toContain(secret);
  expect(message).not.toContain("xxx");
});

test("32 characters are enough", () => {
  expect(() => parseKeys("x".repeat(32))).not.toThrow();
});

test.each([
  ["a comma", ","],
  ["a space", " "],
  ["a line end", "\r\n"],
  ["both", " ,\n"],
])("secrets are separated by %s", (_what, separator) => {
  const both = parseKeys(`\n${secret}${separator}${oldSecret}\n`);
  expect(both.sign("a")).toBe(keys.sign("a"));
  expect(both.verify("a", old.sign("a"))).toBe(true);
});

test("a signature is taken for the text it was made for, and for no other", () => {
  expect(keys.verify("a", keys.sign("a"))).toBe(true);
  expect(keys.verify("b", keys.sign("a"))).toBe(false);
  expect(keys.verify("a", old.sign("a"))).toBe(false);
  expect(keys.verify("a", "")).toBe(false);
});

test("after a rotation the newest secret signs and the old one still verifies", () => {
  expect(rotated.sign("a")).toBe(keys.sign("a"));
  expect(rotated.sign("a")).not.toBe(old.sign("a"));
  expect(rotated.verify("a", old.sign("a"))).toBe(true);
  expect(rotated.verify("a", keys.sign("a"))).toBe(true);
  expect(parseKeys(newSecret()).verify("a", old.sign("a"))).toBe(false);
});

/** Of an earlier version: tasks that are on their way, and credentials in the database, outlive a deployment. */
const exampleSecret = "an-example-secret-of-33-characters";
const example = parseKeys(exampleSecret);

test("what an earlier version sealed still opens", () => {
  expect(example.open("v1.2qy8osVv.wznf4FC5ddq1gRMu.3UEUuae8E6nCBg.aAhwa-dwxwhAmZpxkC2FCA")).toBe("Bearer abc");
});

test("signatures stay what they were, with a key that HKDF (RFC 5869) derives for this one purpose", () => {
  const key = Buffer.from(hkdfSync("sha256", exampleSecret, "boomerang", "callback-token", 32));
  expect(example.sign("a")).toBe(createHmac("sha256", key).update("a").digest("base64url"));
});

test("what is sealed can be opened, and shows nothing of what it holds", () => {
  for (const plain of ["Bearer abc", "", "é\u0000\u{1f4e6}", "x".repeat(8_192)]) {
    const sealed = keys.seal(plain);
    expect(keys.open(sealed)).toBe(plain);
    expect(isSealed(sealed)).toBe(true);
    if (plain !== "") expect(sealed).not.toContain(plain);
  }
});

test("the same text sealed twice looks different", () => {
  expect(keys.seal("Bearer abc")).not.toBe(keys.seal("Bearer abc"));
});

test("after a rotation the newest secret seals and the old one still opens", () => {
  expect(rotated.open(old.seal("Bearer abc"))).toBe("Bearer abc");
  expect(keys.open(rotated.seal("Bearer abc"))).toBe("Bearer abc");
  expect(refusal(() => keys.open(old.seal("Bearer abc"))).message).toMatch(
    /the secret that sealed it is not in BOOMERANG_SECRET/,
  );
});

test("a sealed text with any one character changed does not open", () => {
  const sealed = rotated.seal("Bearer abc");
  for (let i = 0; i < sealed.length; i += 1) {
    const other = sealed[i] === "A" ? "B" : "A";
    const changed = `${sealed.slice(0, i)}${other}${sealed.slice(i + 1)}`;
    expect([i, refusal(() => rotated.open(changed)).code]).toEqual([i, "unsealable"]);
  }
});

test("a sealed text is taken as it was made only: no bit, character or part more or less", () => {
  const sealed = keys.seal("Bearer abc");
  const [version, id, iv, text, tag] = sealed.split(".");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // The last character of the 16-byte tag holds two bits that count and four that do not.
  const sibling = alphabet[alphabet.indexOf(sealed.at(-1) ?? "") ^ 1];
  const forms = [
    sealed.slice(0, -1) + sibling,
    `${sealed}=`,
    `${sealed}==`,
    `${sealed}.`,
    `${sealed}.extra`,
    ` ${sealed}`,
    `${sealed}\n`,
    sealed.slice(0, -1),
    `v2.${id}.${iv}.${text}.${tag}`,
    `${version}.${id}.${text}.${iv}.${tag}`,
    `${version}.${id}.${iv}..${tag}`,
    `${version}.${id}.${iv}.${text}.`,
    `${version}.${id}.${iv}.${text}`,
    `${version}.${id}.${iv}.${text}!.${tag}`,
    "v1",
    "",
  ];
  for (const form of forms) expect([form, refusal(() => keys.open(form)).code]).toEqual([form, "unsealable"]);
});

test("a shorter tag is no tag", () => {
  const parts = keys.seal("Bearer abc").split(".");
  for (const bytes of [4, 8, 12, 15]) {
    const tag = Buffer.from(parts[4] ?? "", "base64url")
      .subarray(0, bytes)
      .toString("base64url");
    expect(refusal(() => keys.open([...parts.slice(0, 4), tag].join("."))).code).toBe("unsealable");
  }
});

test("a sealed text that names another known key does not open", () => {
  const [version, , ...rest] = keys.seal("Bearer abc").split(".");
  const otherId = old.seal("x").split(".")[1];
  expect(refusal(() => rotated.open([version, otherId, ...rest].join("."))).code).toBe("unsealable");
});

test.each(["Bearer abc", "", "v1", "v1.a.b.c.d", "Basic djEuYS5iLmMuZA==", "v1.........", `v1.${"a".repeat(50)}`])(
  "%p is not taken for something sealed",
  (text) => {
    expect(isSealed(text)).toBe(false);
  },
);

test("something sealed is not recognised in the middle of something else", () => {
  expect(isSealed(`Bearer ${keys.seal("abc")}`)).toBe(false);
  expect(isSealed(`${keys.seal("abc")}\n`)).toBe(false);
});
