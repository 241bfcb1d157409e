import { BoomerangError } from "../../src/domain/errors.ts";

const framesOf = ({ stack = "" }: Error) => stack.split("\n").filter((line) => line.trim().startsWith("at "));

test.each([400, 401, 409, 422])("a refusal with %i takes no time to find out where it was thrown", (status) => {
  expect(framesOf(new BoomerangError("refused", "No.", { status }))).toEqual([]);
});

test.each([undefined, 500, 503])("what is our fault says where it was thrown: status %s", (status) => {
  const options = status === undefined ? {} : { status };
  expect(framesOf(new BoomerangError("broken", "We are sorry.", options))[0]).toContain("errors.test.ts");
});

test("other errors say where they were thrown after a refusal, too", () => {
  new BoomerangError("refused", "No.", { status: 401 });
  expect(framesOf(new Error("later")).length).toBeGreaterThan(1);
});
