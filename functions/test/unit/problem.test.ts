import { STATUS_CODES } from "node:http";
import { BoomerangError, messageOf } from "../../src/domain/errors.ts";
import { problemOf } from "../../src/domain/problem.ts";

test("a problem has the members of RFC 9457, our code, and the bad fields where there are any", () => {
  const errors = [{ field: "prompt", message: "is too long" }];
  expect(problemOf(new BoomerangError("validation_failed", "Wrong: prompt.", { status: 400, errors }))).toEqual({
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    code: "validation_failed",
    detail: "Wrong: prompt.",
    errors,
  });
  expect(problemOf(new BoomerangError("not_found", "Not here.", { status: 404 }))).not.toHaveProperty("errors");
});

test.each([400, 401, 403, 404, 405, 409, 410, 415, 429, 500, 503])(
  "the title of a %i is its phrase in HTTP, as about:blank demands",
  (status) => {
    expect(problemOf(new BoomerangError("some_code", "…", { status })).title).toBe(STATUS_CODES[status]);
  },
);

test.each([
  [413, "Content Too Large"],
  [422, "Unprocessable Content"],
])("the title of a %i is %s, the phrase of RFC 9110", (status, title) => {
  expect(problemOf(new BoomerangError("some_code", "…", { status })).title).toBe(title);
});

test("an error without a status is ours (500), is not tried again, and shows neither cause nor stack", () => {
  const error = new BoomerangError("internal", "Something went wrong with us.", { cause: new Error("secret detail") });
  const problem = JSON.stringify(problemOf(error));
  expect(problemOf(error)).toMatchObject({ status: 500, title: "Internal Server Error" });
  expect(error.retryable).toBe(false);
  expect(problem).not.toContain("secret detail");
  expect(problem).not.toContain(".ts");
});

test("the message of whatever was thrown is text", () => {
  expect(messageOf(new TypeError("no"))).toBe("no");
  expect(messageOf("no")).toBe("no");
  expect(messageOf(undefined)).toBe("undefined");
});
