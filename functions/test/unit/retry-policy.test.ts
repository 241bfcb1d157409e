import { isRetryableStatus, parseRetryAfter, retryDelayMs } from "../../src/domain/retry-policy.ts";

const policy = { maxRetries: 3, delaySeconds: 1 };
const thirtyDaysMs = 30 * 24 * 3_600_000;
const now = Date.UTC(2026, 0, 1, 12, 0, 0);

test("three retries come after 1, 2 and 4 seconds, and then none", () => {
  const delays = [1, 2, 3, 4, 5].map((attempt) => retryDelayMs(policy, attempt));
  expect(delays).toEqual([1_000, 2_000, 4_000, undefined, undefined]);
});

test("without retries the first failure is the last", () => {
  expect(retryDelayMs({ maxRetries: 0, delaySeconds: 1 }, 1)).toBeUndefined();
  expect(retryDelayMs({ maxRetries: 0, delaySeconds: 1 }, 1, 5_000)).toBeUndefined();
});

test("a delay may be a fraction of a second", () => {
  expect(retryDelayMs({ maxRetries: 3, delaySeconds: 0.5 }, 2)).toBe(1_000);
});

test.each([
  [1, 10_000, 10_000],
  [3, 1_000, 4_000],
  [1, 0, 1_000],
])("after attempt %i the longer counts: asked for %i ms, waits %i ms", (attempt, asked, waits) => {
  expect(retryDelayMs(policy, attempt, asked)).toBe(waits);
});

test("no delay is longer than the 30 days that the queue can wait", () => {
  expect(retryDelayMs(policy, 1, Number.MAX_SAFE_INTEGER)).toBe(thirtyDaysMs);
  expect(retryDelayMs({ maxRetries: 2_000, delaySeconds: 1 }, 1_999)).toBe(thirtyDaysMs);
});

test.each([408, 425, 429, 500, 502, 503, 504, 599])("a %i may be tried again", (status) => {
  expect(isRetryableStatus(status)).toBe(true);
});

test.each([100, 200, 204, 301, 307, 400, 401, 403, 404, 409, 410, 413, 422, 424, 426, 428, 430, 499, 600])(
  "a %i is for good",
  (status) => {
    expect(isRetryableStatus(status)).toBe(false);
  },
);

test.each<[string | undefined, number | undefined]>([
  ["0", 0],
  ["1", 1_000],
  ["120", 120_000],
  [" 30 ", 30_000],
  // The three forms of a date that RFC 9110, 5.6.7 has every recipient read.
  ["Thu, 01 Jan 2026 12:00:30 GMT", 30_000],
  ["Thursday, 01-Jan-26 12:00:30 GMT", 30_000],
  ["Thu Jan  1 12:00:30 2026", 30_000],
  ["Thu, 01 Jan 2026 11:59:00 GMT", 0],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 0],
  // Far beyond what anybody waits for: as long as the queue can.
  ["9999999999", thirtyDaysMs],
  ["9".repeat(400), thirtyDaysMs],
  ["Fri, 31 Dec 9999 23:59:59 GMT", thirtyDaysMs],
  // Nothing that can be used.
  [undefined, undefined],
  ["", undefined],
  ["soon", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["1e3", undefined],
  ["0x10", undefined],
  ["10 seconds", undefined],
  ["2026-01-01T12:00:30Z", undefined],
  ["2026 GMT", undefined],
  ["Foo, 99 Bar 2026 99:99:99 GMT", undefined],
  ["5, 10", undefined],
])("Retry-After: %p asks for %p ms", (header, ms) => {
  expect(parseRetryAfter(header, now)).toBe(ms);
});
