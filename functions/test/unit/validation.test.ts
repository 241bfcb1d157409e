import { z } from "zod";
import { BoomerangError } from "../../src/domain/errors.ts";
import { fieldErrors, invalidFields, parseFields } from "../../src/domain/validation.ts";

const schema = z
  .strictObject({
    name: z.string().min(1),
    size: z.strictObject({ width: z.int(), tags: z.array(z.string()) }).optional(),
    from: z.number().default(0),
    until: z.number().default(9),
  })
  .refine(({ from, until }) => from <= until, { path: ["until"], message: "must not be before from" });

function refusal(value: unknown): BoomerangError {
  try {
    parseFields(schema, value);
  } catch (error) {
    if (error instanceof BoomerangError) return error;
  }
  throw new Error("was taken");
}

const namedFields = (value: unknown) => refusal(value).errors.map(({ field }) => field);

test("what is right comes back parsed, with its presets", () => {
  expect(parseFields(schema, { name: "a", until: 3 })).toEqual({ name: "a", from: 0, until: 3 });
});

test.each<[string, unknown, string[]]>([
  ["a missing field", {}, ["name"]],
  ["a field of the wrong type", { name: 1 }, ["name"]],
  ["a nested field", { name: "a", size: { width: 1.5, tags: [] } }, ["size.width"]],
  ["an item of a list", { name: "a", size: { width: 1, tags: ["x", 2] } }, ["size.tags.1"]],
  ["an unknown field", { name: "a", colour: "red" }, ["colour"]],
  ["two unknown fields, each", { name: "a", colour: "red", shape: "round" }, ["colour", "shape"]],
  ["an unknown field below another", { name: "a", size: { width: 1, tags: [], depth: 2 } }, ["size.depth"]],
  ["a rule between two fields", { name: "a", from: 5, until: 1 }, ["until"]],
  ["every wrong field at once", { name: "", size: { width: "w", tags: [] } }, ["name", "size.width"]],
  ["a body that is no object", [], ["body"]],
  ["no body", undefined, ["body"]],
  ["null", null, ["body"]],
])("%s is named", (_what, value, fields) => {
  expect(namedFields(value)).toEqual(fields);
});

test("the refusal is a 400 whose text names each field once", () => {
  const error = refusal({ colour: "red" });
  expect(error).toMatchObject({ code: "validation_failed", status: 400, retryable: false });
  expect(error.message).toBe("Wrong or missing: name, colour. See errors.");
  expect(invalidFields([1, 2].map(() => ({ field: "a", message: "no" }))).message).toBe(
    "Wrong or missing: a. See errors.",
  );
});

test("each entry says what is wrong with its field", () => {
  const errors = fieldErrors(schema.safeParse({ name: "a", from: 5, until: 1, x: 1 }).error ?? new z.ZodError([]));
  expect(errors).toContainEqual({ field: "x", message: "is not a known field" });
  expect(refusal({ name: "a", from: 5, until: 1 }).errors).toEqual([
    { field: "until", message: "must not be before from" },
  ]);
});
