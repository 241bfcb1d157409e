import { createHash } from "node:crypto";
import fc from "fast-check";
import { canonicalJson, digestOf } from "../../src/domain/canonical-json.ts";

test.each([
  [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
  [{ b: { d: 1, c: [] }, a: [{ z: 1, y: 2 }] }, '{"a":[{"y":2,"z":1}],"b":{"c":[],"d":1}}'],
  [[3, 1, 2], "[3,1,2]"],
  [null, "null"],
  ["é\u2028", '"é\u2028"'],
  [{ a: undefined, b: 1 }, '{"b":1}'],
  [{ B: 1, a: 1, "": 1, ä: 1 }, '{"":1,"B":1,"a":1,"ä":1}'],
])("%j becomes %s", (value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test("a key called __proto__ is a key like any other", () => {
  const value: unknown = JSON.parse('{"b": 1, "__proto__": {"y": 1, "x": 2}}');
  expect(canonicalJson(value)).toBe('{"__proto__":{"x":2,"y":1},"b":1}');
});

/** The same value, with the keys of every object in the opposite order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reordered(part)]),
  );
}

test("equal values have equal text, whatever the order of their keys", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(reordered(value))).toBe(canonicalJson(value));
    }),
  );
});

test("the text is JSON of the same value", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const value: unknown = JSON.parse(json);
      expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(value);
    }),
  );
});

test("the digest is the SHA-256 of the text, in hex", () => {
  expect(digestOf({ b: 1, a: "é" })).toBe(createHash("sha256").update('{"a":"é","b":1}').digest("hex"));
  expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: 2 }));
});
