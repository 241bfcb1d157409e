import { outcomeDigest } from "../../../functions/src/domain/outcome.ts";
import { fromStorable } from "../../../functions/src/domain/storable.ts";
import { isFinal } from "../../../functions/src/domain/task-state.ts";
import { serviceName } from "../names.ts";
import { type Evidence, nameOf, type TaskFile } from "./evidence.ts";
import { type Invariant, repeated } from "./invariant.ts";
import { callsExhausted, labelOf } from "./origin.ts";

const finalSeq = 5;
/** The services whose tasks have seconds; all others have a quarter of an hour. */
const expires: readonly string[] = ["hasty", "pulsing"];

/** Of how tasks are stored, and end. */
export const outcomeInvariants: readonly Invariant[] = [
  {
    name: "Every submission became one task",
    check: ({ plans, files, application }) => [
      ...plans.flatMap(({ n }) => {
        const found = files.filter(({ plan }) => plan.n === n);
        return found.length === 1 ? [] : [`task ${n}: ${found.length} documents`];
      }),
      ...files.flatMap(({ plan, id }) => {
        const others = (application.submitted.get(plan.n) ?? []).filter((told) => told !== id);
        return others.map((told) => `task ${plan.n} is ${id}, but the API said ${told}`);
      }),
    ],
  },
  {
    name: "Every task has exactly one outcome, and all of its document agrees with it",
    check: ({ files, outcomes }) => [
      ...files.flatMap((file) => contradictionsIn(file).map((what) => `${nameOf(file)}: ${what}`)),
      ...(outcomes.length === files.length ? [] : [`${outcomes.length} outcomes of ${files.length} tasks`]),
    ],
  },
  {
    name: "Every outcome is one that was really reported, or was due",
    check: ({ files, application }) => files.flatMap((file) => (isDue(file, application) ? [] : [whatHappened(file)])),
  },
  {
    name: "Who cancelled was told what became of it",
    check: ({ files, application }) =>
      files.flatMap((file) => {
        const told = application.cancelled.get(file.plan.n);
        if (told === undefined || (told === 200) === (file.task.status === "cancelled")) return [];
        return [`${nameOf(file)} is ${file.task.status}, but its cancel was answered with ${told}`];
      }),
  },
];

function contradictionsIn({ task, outcome }: TaskFile): string[] {
  const { status, history, resultUrl, error, errorCode, completedAt } = task;
  if (!isFinal(status)) return [`is ${status}`];
  if (outcome === undefined) return [`is ${status}, but has no outcome document`];
  const result = fromStorable(task.result);
  const resultMetadata = fromStorable(task.resultMetadata);
  const finals = history.filter(({ seq }) => seq >= finalSeq);
  const claims: readonly (readonly [boolean, string])[] = [
    [outcome.status === status, `is ${status}, but its outcome is ${outcome.status}`],
    [
      outcome.digest === outcomeDigest({ status, resultUrl, result, resultMetadata, error, errorCode }),
      "its outcome document has another digest than what the task says",
    ],
    [finals.length === 1, `has ${finals.length} final events`],
    [
      finals.every((event) => event.seq === finalSeq && event.status === status),
      "its final event tells of another end",
    ],
    [completedAt?.toMillis() === outcome.at.toMillis(), "ended at two times"],
    [
      finals.every(({ at }) => at.toMillis() === outcome.at.toMillis()),
      "its final event has another time than its outcome",
    ],
    [repeated(history.map(({ seq }) => String(seq))).length === 0, "has two events under one number"],
    [status !== "completed" || task.progress === 1, `is completed, but its progress is ${task.progress}`],
    [task.sweepShard === undefined && task.sweepAt === undefined, "is still in the sweep's index"],
    [task.purgeAt !== undefined, "has no time to live"],
  ];
  return claims.filter(([holds]) => !holds).map(([, what]) => what);
}

/** Whether the task may have ended as it did, given what its plan was and what really happened. */
function isDue(file: TaskFile, application: Evidence["application"]): boolean {
  const { plan, task, callbacks } = file;
  const label = labelOf(plan.n, task);
  switch (task.status) {
    case "completed":
    case "failed": {
      if (task.status === "failed" && callsExhausted(task)) return true;
      if (task.errorCode === "http_422")
        return plan.kind === "refused" && callbacks.every(({ report }) => report === "forged");
      if (label === "sync") return plan.kind === "sync" && task.status === "completed";
      const success = task.status === "completed" ? "success" : "error";
      return callbacks.some((callback) => callback.label === label && callback.report === success);
    }
    case "expired":
      return expires.includes(serviceName(plan.kind)) && (task.completedAt?.toMillis() ?? 0) >= task.expiresAt;
    case "cancelled":
      return application.cancelled.get(plan.n) === 200;
    default:
      return false;
  }
}

function whatHappened(file: TaskFile): string {
  const { status, resultUrl, error, attempts } = file.task;
  const reports = file.callbacks.filter(({ report }) => report === "success" || report === "error");
  const labels = [...new Set(reports.map(({ label }) => label))].join(", ") || "nothing";
  return `${nameOf(file)} is ${status} (${resultUrl ?? error}) after ${attempts.length} calls; the service reported ${labels}`;
}
