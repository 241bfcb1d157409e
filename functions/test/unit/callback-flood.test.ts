import { refusal } from "../../src/callbacks/webhook-callback.ts";
import { BoomerangError } from "../../src/domain/errors.ts";
import type { LogFields } from "../../src/platform/log.ts";

function recordingLog() {
  const lines: LogFields[] = [];
  const write = (_message: string, fields: LogFields = {}) => void lines.push(fields);
  return { lines, log: { info: write, warn: write, error: write } };
}

test("a flood of forged callbacks is a few lines in the log, and every one of them is answered", () => {
  const { lines, log } = recordingLog();
  const wrong = new BoomerangError("wrong_token", "The token is wrong.", { status: 401 });
  const answers = Array.from({ length: 5_000 }, () => refusal(log, wrong));
  expect(answers.every(({ status }) => status === 401)).toBe(true);
  expect(lines[0]).toEqual({ correlationId: undefined, status: 401, errorCode: "wrong_token" });
  expect(lines.length).toBeGreaterThanOrEqual(20);
  // However slow the machine is, it takes no minute.
  expect(lines.length).toBeLessThan(60 * 20);
});

test("what a service of ours did wrong, and what went wrong with us, is always a line", () => {
  const { lines, log } = recordingLog();
  const conflict = new BoomerangError("conflict", "The task has ended otherwise.", { status: 409 });
  for (let times = 0; times < 100; times += 1) {
    refusal(log, conflict, "a-task");
    refusal(log, new Error("the database is away"));
  }
  expect(lines.filter(({ status }) => status === 409)).toHaveLength(100);
  expect(lines.filter(({ status }) => status === 503)).toHaveLength(100);
});
