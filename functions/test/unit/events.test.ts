import fc from "fast-check";
import { finalEvent, progressEvent, startedEvent } from "../../src/domain/events.ts";
import { finalStatuses } from "../../src/domain/task-state.ts";

const at = 1_700_000_000_000;

test("started is always event 1 and says that the service has the task", () => {
  expect(startedEvent("task", at)).toEqual({ seq: 1, type: "task.started", at, status: "initiated" });
});

test.each([
  ["completed", "job.completed"],
  ["failed", "job.failed"],
  ["expired", "job.failed"],
  ["cancelled", "job.cancelled"],
] as const)("%s is always event 5, %s to the outside, with the status as it is", (status, type) => {
  expect(finalEvent("job", status, at)).toEqual({ seq: 5, type, at, status });
});

test.each([
  [1, 6],
  [2, 7],
  [30, 35],
])("an operator's intervention number %i is event %i", (resolution, seq) => {
  expect(finalEvent("task", "completed", at, resolution).seq).toBe(seq);
});

/** Where the task was, what is reported, and the number of the event that follows from it. */
const reports: [number, number, number | undefined][] = [
  // Exactly at the bounds, and just below them.
  [0, 0.25, 2],
  [0, 0.249_999, undefined],
  [0.25, 0.5, 3],
  [0.25, 0.499_999, undefined],
  [0.5, 0.75, 4],
  [0.5, 0.749_999, undefined],
  [0.249_999, 0.25, 2],
  [0.499_999, 0.5, 3],
  [0.749_999, 0.75, 4],
  // Between two milestones nothing is said.
  [0, 0, undefined],
  [0, 0.1, undefined],
  [0.25, 0.25, undefined],
  [0.3, 0.4, undefined],
  [0.5, 0.6, undefined],
  [0.75, 0.99, undefined],
  [0.75, 1, undefined],
  // A jump is one event, of the highest milestone.
  [0, 0.5, 3],
  [0, 0.75, 4],
  [0, 1, 4],
  [0.24, 0.74, 3],
  [0.3, 0.8, 4],
  // Backwards is none.
  [0.5, 0.25, undefined],
  [0.8, 0.3, undefined],
  [0.8, 0.5, undefined],
  [1, 0, undefined],
];

test.each(reports)("progress from %d to %d is event number %p", (from, to, seq) => {
  expect(progressEvent("task", from, to, undefined, at)?.seq).toBe(seq);
});

test("a milestone carries the progress and the message that were reported", () => {
  const event = { seq: 3, type: "embedding.progress", at, status: "initiated", progress: 0.6 };
  expect(progressEvent("embedding", 0, 0.6, "half of it", at)).toEqual({ ...event, message: "half of it" });
  expect(progressEvent("embedding", 0, 0.6, undefined, at)).toEqual(event);
});

test("whatever a service reports, every milestone is told once at most, and in order", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 50 }), (shares) => {
      let known = 0;
      const told: number[] = [];
      for (const share of shares) {
        const event = progressEvent("task", known, share, undefined, at);
        if (event !== undefined) told.push(event.seq);
        known = Math.max(known, share);
      }
      expect(told).toEqual([...new Set(told)].sort());
      const highest = [0.25, 0.5, 0.75].filter((milestone) => known >= milestone).length;
      expect(told.at(-1)).toBe(highest === 0 ? undefined : highest + 1);
    }),
  );
});

test("no two kinds of event have the same number", () => {
  const steps = [startedEvent("t", at), ...[0.25, 0.5, 0.75].map((to) => progressEvent("t", 0, to, undefined, at))];
  const finals = finalStatuses.map((status) => finalEvent("t", status, at).seq);
  expect(steps.map((event) => event?.seq)).toEqual([1, 2, 3, 4]);
  expect(new Set(finals)).toEqual(new Set([5]));
});
