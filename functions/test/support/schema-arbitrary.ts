import fc from "fast-check";
import { type JsonSchema, resolved } from "./api-document.ts";

/** Values that a JSON Schema of the document admits, as far as a schema can say: there may be rules beside it. */
export function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { $ref, anyOf, oneOf, enum: values, const: only, examples, type } = schema;
  if ($ref !== undefined) return valuesOf(resolved(schema));
  const some = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined;
  if (some !== undefined) return fc.oneof(...some.map(valuesOf));
  if (Array.isArray(values)) return fc.constantFrom(...values);
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => valuesOf({ ...schema, type: one })));
  const made = ofType(schema);
  return Array.isArray(examples) ? fc.oneof(fc.constantFrom(...examples), made) : made;
}

function ofType(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { minimum, maximum, items, minItems, maxItems } = schema as { readonly [key: string]: number };
  const range = {
    ...(minimum === undefined ? {} : { min: minimum }),
    ...(maximum === undefined ? {} : { max: maximum }),
  };
  switch (schema.type) {
    case "string":
      return texts(schema);
    case "integer":
      return fc.integer({ min: -1_000_000, max: 1_000_000, ...range });
    case "number":
      return fc.double({ noNaN: true, ...range, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(valuesOf((items ?? {}) as JsonSchema), {
        minLength: minItems ?? 0,
        maxLength: Math.min(maxItems ?? 5, 5),
      });
    case "object":
      return objects(schema);
    default:
      return fc.jsonValue();
  }
}

function texts({ pattern, format, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  const fits = (text: string) => text.length >= Number(minLength) && text.length <= Number(maxLength);
  if (format === "date-time")
    return fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => date.toISOString());
  if (format === "uri") return fc.webUrl();
  // Building texts of a Unicode property is slow, and most texts have it.
  if (typeof pattern === "string" && /\\p\{/i.test(pattern)) {
    return fc.string({ unit: "grapheme" }).filter((text) => fits(text) && new RegExp(pattern, "u").test(text));
  }
  if (typeof pattern === "string") return fc.stringMatching(new RegExp(pattern, "u")).filter(fits);
  return fc.string({ unit: "binary", minLength: Number(minLength), maxLength: Math.min(Number(maxLength), 60) });
}

function objects(schema: JsonSchema): fc.Arbitrary<unknown> {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema.required ?? []) as string[];
  const own = fc.record(Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, valuesOf(of)])), {
    requiredKeys: required,
  });
  const { additionalProperties: further, propertyNames } = schema as { readonly [key: string]: JsonSchema | false };
  if (further === false || Object.keys(properties).length > 0) return own;
  return fc.dictionary(
    propertyNames ? valuesOf(propertyNames).map(String) : fc.string(),
    further ? valuesOf(further) : fc.jsonValue(),
    { maxKeys: 5 },
  );
}

const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    "\u0000",
    "\ud800",
    "💥",
    "__proto__",
    "..",
    "*",
    -1,
    0,
    1e308,
    -0.5,
    2 ** 53,
    true,
    [],
    {},
  ),
  fc.constantFrom<unknown>("x".repeat(2_000), [[[[]]]], { __proto__: null, constructor: { prototype: 1 } }, [
    "a",
    null,
  ]),
  fc.constantFrom(
    "2026-01-01",
    "9999-12-31T23:59:59.999Z",
    "0000-01-01T00:00:00Z",
    "http://[::1",
    "javascript:alert(1)",
  ),
  fc.jsonValue(),
);

/** A value with one thing in it that is not as it should be: another value, a field too few, a field too many. */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(values, fc.nat(), strange, fc.constantFrom("replace", "remove", "add"))
    .map(([value, at, odd, how]) => {
      if (value === null || typeof value !== "object") return odd;
      const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
      const names = Object.keys(copy);
      const name = names[at % Math.max(1, names.length)];
      if (how === "add" || name === undefined)
        return Object.assign(copy, { [typeof odd === "string" ? odd : "extra"]: odd });
      if (how === "remove") return Object.fromEntries(Object.entries(copy).filter(([key]) => key !== name));
      return Object.assign(copy, { [name]: odd });
    });
}

/** Anything that might stand where an id, a parameter or a header is asked for. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "",
    ".",
    "..",
    "__name__",
    "\u0000",
    "\r\nX-Injected: 1",
    "%",
    "%ff",
    "%2F",
    "%00",
    "a/b",
    "*",
    "null",
    "\ud800",
  ),
  fc.constantFrom(
    "0",
    "-1",
    "1e3",
    "9".repeat(30),
    "x".repeat(1_600),
    "<script>",
    "'; --",
    "💥",
    "a,b",
    "=",
    "true",
    "[]",
    "NaN",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);
