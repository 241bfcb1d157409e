import type { Format } from "../../src/formats/format.ts";
import { formatOf, formats } from "../../src/formats/index.ts";
import { deliveryDelayMs } from "../../src/webhooks/retry-schedule.ts";

const all: readonly Format[] = formats;
const hour = 3_600;

/** Seconds before each retry, the jitter left out. */
function delays(name: string, retries: number | undefined, retryAfterMs?: number): number[] {
  const schedule = { ...formatOf(name).retries, jitter: 0 };
  const found: number[] = [];
  for (let failed = 1; failed < 50; failed += 1) {
    const delay = deliveryDelayMs(schedule, failed, retries, retryAfterMs, "dlv_1");
    if (delay === undefined) return found;
    found.push(delay / 1_000);
  }
  throw new Error("it never ends");
}

const long = [5, 300, 1_800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];

test.each([
  ["standard", [...long, 24 * hour]],
  ["slack", [...long, 24 * hour]],
  ["cloudevents", [...long, 24 * hour]],
  ["task-service", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]],
  ["predict", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]],
  ["taskflow", [2, 4, 8, 16, 32, 60, 60, 60, 60, 60]],
  ["morag", [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560]],
])("%s: ten retries double beyond the list, up to the cap", (name, expected) => {
  expect(delays(name, 10)).toEqual(expected);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("%i retries are as many, the first delays of the schedule", (retries) => {
  for (const { name } of all) expect(delays(name, retries)).toEqual(delays(name, 10).slice(0, retries));
});

test("without a number there are as many as the schedule has", () => {
  for (const { name, retries } of all) expect(delays(name, undefined)).toEqual(retries.delaysSeconds);
});

test("the longer of the delay and Retry-After counts", () => {
  expect(delays("taskflow", 4, 6_000)).toEqual([6, 6, 8, 16]);
  // What the subscriber asks for holds beyond the format's own cap.
  expect(delays("taskflow", 2, 120_000)).toEqual([120, 120]);
  expect(delays("standard", 3, 0)).toEqual([5, 300, 1_800]);
  expect(delays("task-service", 0, 6_000)).toEqual([]);
});

test("no Retry-After puts an attempt off for longer than the queue can hold it", () => {
  expect(delays("standard", 1, 999_999_999_000)).toEqual([29 * 24 * hour]);
});

describe.each(["standard", "slack", "cloudevents"])("the jitter of %s", (name) => {
  const schedule = formatOf(name).retries;
  const seeds = Array.from({ length: 500 }, (_, index) => `dlv_${index}`);
  const waits = (failed: number) => seeds.map((seed) => deliveryDelayMs(schedule, failed, 9, undefined, seed) ?? 0);

  test("adds up to a fifth, and spreads what failed in one moment over all of it", () => {
    for (const [index, seconds] of schedule.delaysSeconds.entries()) {
      const shares = waits(index + 1).map((ms) => (ms / 1_000 - seconds) / seconds);
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
      expect(Math.min(...shares)).toBeLessThan(0.01);
      expect(Math.max(...shares)).toBeLessThanOrEqual(0.2);
      expect(Math.max(...shares)).toBeGreaterThan(0.19);
    }
  });

  test("is the same each time for one attempt, and another for the next", () => {
    expect(waits(1)).toEqual(waits(1));
    const share = (failed: number) => (ms: number) => ms / 1_000 / (schedule.delaysSeconds[failed - 1] ?? 1);
    const [first, second] = [waits(1).map(share(1)), waits(2).map(share(2))];
    const alike = first.filter((value, index) => Math.abs(value - (second[index] ?? 0)) < 0.005);
    expect(alike.length).toBeLessThan(seeds.length / 5);
  });
});

test("a format without jitter waits exactly as long as it says", () => {
  for (const { name, retries } of all.filter(({ retries }) => retries.jitter === 0)) {
    const waits = Array.from({ length: 20 }, (_, index) =>
      deliveryDelayMs(retries, 1, 3, undefined, `${name}${index}`),
    );
    expect(new Set(waits)).toEqual(new Set([(retries.delaysSeconds[0] ?? 0) * 1_000]));
  }
});
