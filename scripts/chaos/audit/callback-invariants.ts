import type { CallbackRecord } from "../callback-sender.ts";
import { forgeryMark } from "../forgery.ts";
import { nameOf, type TaskFile } from "./evidence.ts";
import type { Invariant } from "./invariant.ts";
import { labelOf } from "./origin.ts";

/** Of what services are told, and of who only claims to be one. */
export const callbackInvariants: readonly Invariant[] = [
  {
    name: "What a service was answered is what became of its callback",
    check: ({ files }) =>
      files.flatMap((file) =>
        file.callbacks.flatMap((callback) => {
          const wrong = isFinalReport(callback) ? brokenPromise(file, callback) : brokenProgress(callback);
          return wrong === undefined ? [] : [`${nameOf(file)}: callback ${callback.label} ${wrong}`];
        }),
      ),
  },
  {
    name: "One callback decides, and all others learn that they did not",
    check: ({ files }) =>
      files.flatMap((file) => {
        const deciding = file.callbacks.filter((callback) => isFinalReport(callback) && isAccepted(callback));
        return deciding.length <= 1 ? [] : [`${nameOf(file)}: ${deciding.length} callbacks were accepted as the first`];
      }),
  },
  {
    name: "What came too late or contradicts is kept, and nothing else is",
    check: ({ files }) => files.flatMap((file) => wronglyKept(file).map((what) => `${nameOf(file)}: ${what}`)),
  },
  {
    name: "No forged callback was believed",
    check: (evidence) => {
      const { callbacks, files, taskDocuments, comments, notifications, deliveries, receipts } = evidence;
      const answered = callbacks.flatMap(({ report, label, correlationId, status }) => {
        const refused = status === 401 || (label === "other-task-in-body" && status === 400);
        return report !== "forged" || refused ? [] : [`${label} for ${correlationId} was answered with ${status}`];
      });
      const documents = [...taskDocuments, ...comments, ...notifications, ...deliveries];
      const marked = [
        ...files.filter(({ task, kept }) => isMarked([task, kept])).map(({ id }) => `task ${id}`),
        ...documents.filter(({ data }) => isMarked(data)).map(({ path }) => path),
        ...receipts.filter(isMarked).map(({ endpoint, webhookId }) => `${webhookId} sent to ${endpoint}`),
      ];
      return [...answered, ...marked.map((where) => `${where} has what a stranger said`)];
    },
  },
];

const isFinalReport = ({ report }: CallbackRecord): boolean => report === "success" || report === "error";
const isMarked = (value: unknown): boolean => JSON.stringify(value).includes(forgeryMark);
const isAccepted = ({ status, answer }: CallbackRecord): boolean => status === 200 && answer?.duplicate !== true;

function brokenPromise({ plan, task }: TaskFile, { label, status, answer }: CallbackRecord): string | undefined {
  const decided = labelOf(plan.n, task);
  if (status === 200) {
    if (decided === label && answer?.status === task.status) return undefined;
    return `was answered with 200 (${answer?.status}), but the task is ${task.status} by ${decided ?? "something else"}`;
  }
  if (status === 409) return decided === label ? "was refused with 409, but decided the task" : undefined;
  if (status === 410)
    return task.status === "expired" ? undefined : `came too late (410) for a task that is ${task.status}`;
  return `was answered with ${status}`;
}

function brokenProgress({ report, status }: CallbackRecord): string | undefined {
  const expected = report === "forged" || status === 200 || status === 410;
  return expected ? undefined : `was answered with ${status}`;
}

function wronglyKept({ plan, task, kept, callbacks }: TaskFile): string[] {
  const late = task.lateCallback;
  const labels = [...kept, ...(late === null ? [] : [late])].map((report) => labelOf(plan.n, report));
  const refused = callbacks.filter(({ status }) => status === 409 || status === 410).filter(isFinalReport);
  const lost = refused
    .filter(({ label }) => !labels.includes(label))
    .map(({ label }) => `${label} was refused, and not kept`);
  const sync = plan.kind === "sync" ? ["sync"] : [];
  const known = [...sync, ...refused.map(({ label }) => label)];
  const extra = labels
    .filter((label) => !known.includes(label ?? ""))
    .map((label) => `${label} is kept, but was not refused`);
  const wrong = late !== null && task.status !== "expired" ? [`has a late callback, and is ${task.status}`] : [];
  return [...new Set([...lost, ...extra, ...wrong])];
}
