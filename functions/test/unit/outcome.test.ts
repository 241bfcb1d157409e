import { cancelled, completed, expired, failed, type Outcome, outcomeDigest } from "../../src/domain/outcome.ts";

const rich = completed({
  resultUrl: "https://cdn.example.com/a.mp4",
  result: { frames: [1, { w: 640, h: 480 }], title: "A" },
  resultMetadata: { duration: "2m 30s", size: { bytes: 1, unit: "MB" } },
});

test("a completed outcome says null for what the service left out", () => {
  const none = { resultUrl: null, result: null, resultMetadata: null, error: null, errorCode: null };
  expect(completed({})).toEqual({ status: "completed", ...none });
  expect(completed({ resultUrl: "https://a.example" })).toMatchObject({ resultUrl: "https://a.example", result: null });
});

test.each([[0], [false], [""]])("a result of %p is a result", (result) => {
  expect(completed({ result }).result).toBe(result);
});

test("a failed outcome carries its code, its text and what the service said beside it", () => {
  expect(failed("http_400", "no such model", { hint: "v2" })).toEqual({
    status: "failed",
    resultUrl: null,
    result: null,
    resultMetadata: { hint: "v2" },
    error: "no such model",
    errorCode: "http_400",
  });
});

test("an error's text is kept to 32,768 characters, and says how many are missing", () => {
  const limit = 32_768;
  expect(failed("x", "e".repeat(limit)).error).toBe("e".repeat(limit));
  expect(failed("x", "e".repeat(limit + 7)).error).toBe(`${"e".repeat(limit)}… (7 more characters)`);
});

test("an expired outcome says how long it waited, and whether the service was reached at all", () => {
  expect(expired(300, 1)).toMatchObject({ status: "expired", errorCode: "expired" });
  expect(expired(300, 1).error).toBe("No callback came within 300 s.");
  expect(expired(300, 0).error).toBe("No callback came within 300 s. The service was never reached.");
});

test("a cancelled outcome says by whom", () => {
  expect(cancelled("its owner")).toMatchObject({ status: "cancelled", error: "Cancelled by its owner." });
});

test("the same outcome with its keys in another order has the same digest", () => {
  const again: Outcome = {
    errorCode: null,
    resultMetadata: { size: { unit: "MB", bytes: 1 }, duration: "2m 30s" },
    result: { title: "A", frames: [1, { h: 480, w: 640 }] },
    error: null,
    resultUrl: "https://cdn.example.com/a.mp4",
    status: "completed",
  };
  expect(outcomeDigest(again)).toBe(outcomeDigest(rich));
});

const differences: [string, Partial<Outcome>][] = [
  ["status", { status: "failed" }],
  ["resultUrl", { resultUrl: "https://cdn.example.com/b.mp4" }],
  ["resultUrl left out", { resultUrl: null }],
  ["result", { result: { frames: [1, { w: 640, h: 481 }], title: "A" } }],
  ["order of a list in the result", { result: { frames: [{ w: 640, h: 480 }, 1], title: "A" } }],
  ["result with a number as text", { result: { frames: ["1", { w: 640, h: 480 }], title: "A" } }],
  ["resultMetadata", { resultMetadata: { duration: "2m 31s", size: { bytes: 1, unit: "MB" } } }],
  ["error", { error: "but" }],
];

test.each(differences)("an outcome with another %s has another digest", (_what, change) => {
  expect(outcomeDigest({ ...rich, ...change })).not.toBe(outcomeDigest(rich));
});

test("our own code for an error is no part of the digest: a service that repeats itself is a duplicate", () => {
  expect(outcomeDigest(failed("service_error", "out of memory"))).toBe(
    outcomeDigest(failed("resolved", "out of memory")),
  );
});
