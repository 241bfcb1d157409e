import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { fromStorable, isTooDeep, toStorable } from "../../src/domain/storable.ts";

/** Keys that mean something to JavaScript, to Firestore or to us. */
const awkwardKeys = ["__proto__", "__x__", "____", "__a\nb__", "constructor", "toString", "$json", "", ".", "a.b", "`"];
const awkwardText = ["\ud800", "a\udfff", "\ud83d x", "\u0000", "🚤", "k".repeat(1_501), "é".repeat(751)];
const key = fc.oneof(fc.string(), fc.constantFrom(...awkwardKeys, ...awkwardText));

/** Anything that JSON.parse can give, the awkward parts often. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.json({ maxDepth: 0 }).map((text): unknown => JSON.parse(text)),
      key,
    ),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("json")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

/** Firestore's own limits, said independently: what it would refuse in `value`, as a path. */
function refusedByFirestore(value: unknown, path: string, depth: number): string | undefined {
  if (typeof value === "string") return /\p{Surrogate}/u.test(value) ? path : undefined;
  if (value === null || typeof value !== "object") return undefined;
  if (depth > 20) return `${path}: too deep`;
  if (Array.isArray(value) && value.some(Array.isArray)) return `${path}: list in a list`;
  for (const [name, part] of Object.entries(value)) {
    const reserved = name === "" || (name.startsWith("__") && name.endsWith("__") && name.length > 3);
    if (!Array.isArray(value) && (reserved || /\p{Surrogate}/u.test(name) || Buffer.byteLength(name) > 1_500)) {
      return `${path}: key ${name}`;
    }
    const inside = refusedByFirestore(part, `${path}.${name}`, depth + 1);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

test("whatever JSON is stored comes back as it was", () => {
  fc.assert(
    fc.property(json, (value) => {
      deepStrictEqual(fromStorable(toStorable(value)), value);
    }),
    { numRuns: 1_000 },
  );
});

test("whatever JSON is stored, Firestore can hold it, also a few levels down in a document", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(refusedByFirestore(toStorable(value), "value", 3)).toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});

test.each<[string, unknown]>([
  ["a map", { a: 1, b: [{ c: "d" }], e: { f: null } }],
  ["a list", [1, "a", { b: [1] }]],
  ["text", "a"],
  ["zero", 0],
  ["false", false],
  ["null", null],
  ["keys that only look reserved", { __a: 1, a__: 2, _b_: 3, "a.b": 4, $other: 5 }],
  ["a key of 1,500 bytes", { ["k".repeat(1_500)]: 1 }],
])("%s is stored as it is, so that it can be read and searched in the database", (_what, value) => {
  expect(toStorable(value)).toBe(value);
});

test.each<[string, string]>([
  ["a list in a list", "[[1]]"],
  ["a list in a list, deep down", '{"a":{"b":[{"c":[[]]}]}}'],
  ["an empty key", '{"":1}'],
  ["a reserved key", '{"a":{"__type__":1}}'],
  ["a key called __proto__", '{"__proto__":{"polluted":true}}'],
  ["half of a surrogate pair as text", '["\\ud83d"]'],
  ["half of a surrogate pair in a key", '{"\\ud83d":1}'],
  ["what looks like our own wrapping", '{"$json":"[1]"}'],
  ["what looks like our own wrapping, below", '{"a":{"$json":1}}'],
  ["a key of 1,501 bytes", JSON.stringify({ ["k".repeat(1_501)]: 1 })],
])("%s is stored whole as text, and comes back", (_what, text) => {
  const value: unknown = JSON.parse(text);
  const stored = toStorable(value);
  expect(Object.keys(Object(stored))).toEqual(["$json"]);
  deepStrictEqual(fromStorable(stored), value);
});

test("what comes back pollutes nothing", () => {
  const value = fromStorable(toStorable(JSON.parse('{"__proto__":{"polluted":true}}')));
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(Object.hasOwn(Object(value), "__proto__")).toBe(true);
  expect("polluted" in {}).toBe(false);
});

test.each<[string, unknown]>([
  ["a map with more than the wrapping", { $json: "[1]", other: 1 }],
  ["a wrapping of something that is not text", { $json: 1 }],
  ["an empty map", {}],
  ["undefined", undefined],
])("%s, which toStorable never makes, is read as it stands", (_what, value) => {
  expect(fromStorable(value)).toEqual(value);
});

/** `depth` levels of lists or maps around nothing. */
const nested = (depth: number, open: string, close: string): unknown =>
  JSON.parse(`${open.repeat(depth - 1)}${open.startsWith("[") ? "[]" : "{}"}${close.repeat(depth - 1)}`);

test.each([
  ["[", "]"],
  ['{"a":', "}"],
])("100 levels of %s are not too deep, 101 are", (open, close) => {
  expect(isTooDeep(nested(1, open, close))).toBe(false);
  expect(isTooDeep(nested(100, open, close))).toBe(false);
  expect(isTooDeep(nested(101, open, close))).toBe(true);
});

test("at any depth Firestore can hold what is stored, and it comes back", () => {
  for (let depth = 1; depth <= 40; depth += 1) {
    for (const value of [nested(depth, '{"a":', "}"), nested(depth, '[{"a":', "}]")]) {
      expect([depth, refusedByFirestore(toStorable(value), "value", 3)]).toEqual([depth, undefined]);
      deepStrictEqual(fromStorable(toStorable(value)), value);
    }
  }
});

test("a hundred levels are stored and come back", () => {
  const value = nested(100, '{"a":', "}");
  expect(refusedByFirestore(toStorable(value), "value", 3)).toBeUndefined();
  deepStrictEqual(fromStorable(toStorable(value)), value);
});

test("half a million levels neither overflow the stack nor take long", () => {
  const value: unknown = JSON.parse("[".repeat(500_000) + "]".repeat(500_000));
  expect(isTooDeep(value)).toBe(true);
});

test.each([null, 1, "a", true, undefined, [], {}, Array(1_000).fill({ a: 1 })].map((value) => [value]))(
  "%j is not too deep",
  (value) => {
    expect(isTooDeep(value)).toBe(false);
  },
);

test("a large value is kept as text, whose size is known", () => {
  const zeros = Array.from({ length: 10_000 }, () => 0);
  expect(toStorable(zeros)).toEqual({ $json: JSON.stringify(zeros) });
  expect(toStorable(zeros.slice(0, 1_000))).toEqual(zeros.slice(0, 1_000));
});
