import { matches } from "../../src/webhooks/webhook.ts";

test.each<[string[], string, boolean]>([
  [["job.completed"], "job.completed", true],
  [["job.completed"], "job.failed", false],
  [["job.completed"], "job.completed.twice", false],
  [["job.completed"], "myjob.completed", false],
  [["job.completed"], "job_completed", false],
  [["job.completed"], "Job.Completed", false],
  [["job.failed", "job.completed"], "job.completed", true],
  [["job.*"], "job.completed", true],
  [["job.*"], "job.status.changed", true],
  [["job.*"], "jobs.completed", false],
  [["job.*"], "job", false],
  [["job.*"], "embedding.completed", false],
  [["request.status.*"], "request.status.changed", true],
  [["request.status.*"], "request.created", false],
  [["*"], "job.completed", true],
  [["*"], "webhook.disabled", true],
  [[], "job.completed", false],
])("a webhook for %j that hears of %s: %s", (patterns, type, wanted) => {
  expect(matches(patterns, type)).toBe(wanted);
});
