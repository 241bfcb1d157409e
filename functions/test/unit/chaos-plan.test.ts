import { createAdversary, functionNames } from "../../../scripts/chaos/adversary.ts";
import { diceOf } from "../../../scripts/chaos/dice.ts";
import { forgeries, planTask, type TaskPlan } from "../../../scripts/chaos/task-plan.ts";

const tasks = 400;
const plansOf = (seed: number): TaskPlan[] => Array.from({ length: tasks }, (_, n) => planTask(seed, n, tasks));

test("one seed is one plan, and another seed another", () => {
  expect(plansOf(7)).toEqual(plansOf(7));
  expect(plansOf(7)).not.toEqual(plansOf(8));
});

test("what becomes of a task does not depend on how many others were planned before", () => {
  expect(planTask(7, 399, tasks)).toEqual(plansOf(7)[399]);
});

test("a long run has every kind of task, every way in, every answer and every forgery", () => {
  const plans = plansOf(1);
  expect(new Set(plans.map(({ kind }) => kind)).size).toBe(10);
  expect(new Set(plans.map(({ way }) => way))).toEqual(new Set(["http", "document", "url-document"]));
  expect(new Set(plans.flatMap(({ forged }) => forged.map(({ forgery }) => forgery)))).toEqual(new Set(forgeries));
  expect(new Set(plans.flatMap(({ calls }) => calls.map(({ answer }) => answer))).size).toBe(8);
});

test("every task whose service is to succeed is acknowledged in the end, within its retries", () => {
  const succeeding = plansOf(2).filter(({ kind }) => kind === "done" || kind === "progress");
  expect(succeeding.length).toBeGreaterThan(100);
  for (const { calls } of succeeding) {
    expect(calls.length).toBeLessThanOrEqual(3);
    expect(calls.at(-1)?.answer).toBe("acknowledge");
  }
});

test("the adversary decides alike for one seed, and does nothing before it wakes or after it rests", () => {
  const [one, other] = [createAdversary(5), createAdversary(5)];
  const decisions = (adversary: typeof one) => [
    ...functionNames.map((name) => adversary.endingOf(name, 3)),
    ...Array.from({ length: 50 }, (_, n) => [adversary.queueing(`order-${n}`), adversary.orderBringing(`order-${n}`)]),
  ];
  const quiet = decisions(one);
  one.wake();
  other.wake();
  expect(decisions(one)).toEqual(decisions(other));
  expect(decisions(one)).not.toEqual(quiet);
  expect(one.endingOf("api", 3)).toBeDefined();
  one.rest();
  expect(decisions(one)).toEqual(quiet);
  expect(one.endingOf("api", 3)).toBeUndefined();
});

test("dice of one name throw the same, and fill their range", () => {
  const throws = (...names: string[]) => {
    const dice = diceOf(...names);
    return Array.from({ length: 200 }, () => dice.between(1, 6));
  };
  expect(throws("a", "b")).toEqual(throws("a", "b"));
  expect(throws("a", "b")).not.toEqual(throws("a", "c"));
  expect(new Set(throws("a"))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
});
