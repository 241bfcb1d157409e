import fc from "fast-check";
import {
  type FinalStatus,
  finalStatuses,
  inputs,
  isFinal,
  openStatuses,
  statuses,
  type TaskInput,
  type TaskStatus,
  type Transition,
  transition,
} from "../../src/domain/task-state.ts";

/** The contract's table, written out: what each input does in each status. A status is a move, the rest speak for themselves. */
const table = `
                    pending    initiated  completed      failed         expired    cancelled
  acknowledge       initiated  no_effect  no_effect      no_effect      no_effect  no_effect
  attempt_failed    stay       no_effect  no_effect      no_effect      no_effect  no_effect
  reject            failed     no_effect  no_effect      no_effect      no_effect  no_effect
  progress          initiated  stay       already_final  already_final  too_late   already_final
  succeed           completed  completed  already_final  already_final  too_late   already_final
  fail              failed     failed     already_final  already_final  too_late   already_final
  expire            expired    expired    no_effect      no_effect      no_effect  no_effect
  cancel            cancelled  cancelled  already_final  already_final  already_final already_final
  resolve_completed completed  completed  completed      completed      completed  completed
  resolve_failed    failed     failed     failed         failed         failed     failed
`;

const [columns = [], ...lines] = table
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));
const rows = lines.flatMap(([input = "", ...cells]) =>
  cells.map((effect, column): [string, string, string] => [columns[column] ?? "", input, effect]),
);

function inWords(step: Transition): string {
  if (step.kind === "move") return step.to;
  return step.kind === "stay" ? "stay" : step.reason;
}

test("the table names every status and every input once", () => {
  expect([...columns].sort()).toEqual(["cancelled", "completed", "expired", "failed", "initiated", "pending"]);
  expect([...columns].sort()).toEqual([...statuses].sort());
  expect(lines.map(([input]) => input).sort()).toEqual([...inputs].sort());
  expect(rows).toHaveLength(60);
});

test.each(rows)("a task that is %s answers %s with: %s", (status, input, effect) => {
  expect(inWords(transition(status as TaskStatus, input as TaskInput))).toBe(effect);
});

test.each(rows)("a task that is %s and gets %s never moves to where it is, unless by resolve", (status, input) => {
  const step = transition(status as TaskStatus, input as TaskInput);
  expect(step.kind === "move" && step.to === status && !input.startsWith("resolve_")).toBe(false);
});

test("a status is final exactly if it is completed, failed, expired or cancelled", () => {
  expect(statuses.filter(isFinal)).toEqual(["completed", "failed", "expired", "cancelled"]);
  expect(finalStatuses).toEqual(["completed", "failed", "expired", "cancelled"]);
  expect(openStatuses).toEqual(["pending", "initiated"]);
});

/** The statuses that a task goes through on these inputs. */
function walk(from: TaskStatus, path: readonly TaskInput[]): TaskStatus[] {
  const visited = [from];
  for (const input of path) {
    const step = transition(visited.at(-1) ?? from, input);
    visited.push(step.kind === "move" ? step.to : (visited.at(-1) ?? from));
  }
  return visited;
}

const unattended = inputs.filter((input) => !input.startsWith("resolve_"));

test("whatever happens, a task never leaves its final status without an operator", () => {
  const paths = fc.array(fc.constantFrom(...unattended), { maxLength: 30 });
  fc.assert(
    fc.property(fc.constantFrom(...statuses), paths, (start, path) => {
      const visited = walk(start, path);
      const settledAt = visited.findIndex(isFinal);
      if (settledAt >= 0) expect(new Set(visited.slice(settledAt)).size).toBe(1);
    }),
  );
});

test("whatever happens, a task never goes back to pending, and never from final to open", () => {
  const paths = fc.array(fc.constantFrom(...inputs), { maxLength: 30 });
  const rank = (status: TaskStatus) => (status === "pending" ? 0 : status === "initiated" ? 1 : 2);
  fc.assert(
    fc.property(fc.constantFrom(...statuses), paths, (start, path) => {
      const ranks = walk(start, path).map(rank);
      expect(ranks).toEqual([...ranks].sort());
    }),
  );
});

const routes = openStatuses.flatMap((from) => finalStatuses.map((to): [TaskStatus, FinalStatus] => [from, to]));
test.each(routes)("from %s a task can come to be %s without an operator", (from, to) => {
  const reached = new Set<TaskStatus>([from]);
  for (const status of reached) {
    for (const input of unattended) {
      const step = transition(status, input);
      if (step.kind === "move") reached.add(step.to);
    }
  }
  expect(reached).toContain(to);
});
