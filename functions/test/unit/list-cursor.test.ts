import fc from "fast-check";
import { readCursor, writeCursor } from "../../src/domain/list-cursor.ts";

const list = ["tasks", { ownerId: "anna" }, undefined];
const position = fc.record({
  seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
  id: fc.string({ unit: "binary", minLength: 1 }).map((text) => text.toWellFormed()),
});

test("a cursor gives back the position that it was written for", () => {
  fc.assert(
    fc.property(position, (place) => {
      expect(readCursor(list, writeCursor(list, place))).toEqual(place);
    }),
  );
});

test("a cursor goes into a URL as it is, the longest within what the query takes", () => {
  const cursor = writeCursor(list, { seconds: -62_135_596_800, nanoseconds: 999_999_999, id: "漢".repeat(500) });
  expect(encodeURIComponent(cursor)).toBe(cursor);
  expect(cursor.length).toBeLessThanOrEqual(2_200);
});

test.each([
  ["another list", ["deliveries", { ownerId: "anna" }, undefined]],
  ["another owner", ["tasks", { ownerId: "berta" }, undefined]],
  ["everybody", ["tasks", "everybody", undefined]],
  ["an owner called everybody", ["tasks", { ownerId: "everybody" }, undefined]],
  ["another filter", ["tasks", { ownerId: "anna" }, "failed"]],
])("a cursor of %s is refused", (_what, other) => {
  const cursor = writeCursor(other, { seconds: 1, nanoseconds: 0, id: "x" });
  expect(() => readCursor(list, cursor)).toThrow(expect.objectContaining({ code: "validation_failed", status: 400 }));
});

test("whatever somebody makes up is refused, or is a position", () => {
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.base64String());
  fc.assert(
    fc.property(texts, (text) => {
      expect(() => readCursor(list, text)).toThrow(
        expect.objectContaining({ errors: [{ field: "cursor", message: expect.any(String) }] }),
      );
    }),
  );
});
