import { isSealed } from "../../../functions/src/domain/keys.ts";
import { credentialOf } from "../application.ts";
import { dispatchSubject } from "../names.ts";
import { nameOf, type TaskFile } from "./evidence.ts";
import { beyond, type Invariant } from "./invariant.ts";

/** Of the outbound calls to services. */
export const callInvariants: readonly Invariant[] = [
  {
    name: "Every call of a task is the same call, under one Idempotency-Key",
    check: ({ files, calls }) => [
      ...files.flatMap((file) => {
        const bodies = new Set(file.calls.map(({ body }) => body)).size;
        const keys = file.calls.filter(({ idempotencyKey }) => idempotencyKey !== file.id).length;
        const wrong = file.calls.filter(({ authorization }) => authorization !== credentialFor(file)).length;
        return [
          ...(bodies > 1 ? [`${nameOf(file)}: ${bodies} different bodies`] : []),
          ...(keys > 0 ? [`${nameOf(file)}: ${keys} calls with another Idempotency-Key`] : []),
          ...(wrong > 0 ? [`${nameOf(file)}: ${wrong} calls without the right credential`] : []),
        ];
      }),
      ...calls
        .filter(({ correlationId }) => !files.some(({ id }) => id === correlationId))
        .map(({ n, correlationId }) => `a call for task ${n} as ${correlationId}, which is no task`),
    ],
  },
  {
    name: "No call is made again once it is on record",
    check: ({ files, honestAttempts }) =>
      files.flatMap((file) => {
        const { id, calls } = file;
        const numbers = file.task.attempts.map(({ number }) => number);
        const last = Math.max(1, ...numbers) + 1;
        // One that broke off on a connection that was used before is sent once more at once: the client cannot tell it from a
        // connection that had been closed before.
        let allowed = calls.filter(({ answered }) => answered === null).length;
        for (let attempt = 1; attempt <= last; attempt += 1) allowed += honestAttempts(dispatchSubject(id, attempt));
        return calls.length <= allowed ? [] : [`${nameOf(file)}: ${calls.length} calls for ${allowed} orders`];
      }),
  },
  {
    name: "Every attempt on record is a call that the service saw",
    check: ({ files }) =>
      files.flatMap((file) => {
        const { attempts } = file.task;
        const recorded = attempts.map(({ statusCode }) => statusCode).filter((status) => status !== null);
        const unseen = beyond(
          recorded,
          file.calls.map(({ answered }) => answered),
        );
        return unseen.length === 0
          ? []
          : [`${nameOf(file)}: attempts with ${unseen.join(", ")} that the service did not answer`];
      }),
  },
  {
    name: "No credential stays readable in a task document",
    check: ({ taskDocuments }) =>
      taskDocuments.flatMap(({ path, data }) => {
        const { taskMetadata } = data;
        const has = taskMetadata !== null && typeof taskMetadata === "object" && "webhookAuth" in taskMetadata;
        return !has || isSealed(String(taskMetadata.webhookAuth)) ? [] : [path];
      }),
  },
];

function credentialFor({ plan }: TaskFile): string | undefined {
  return plan.way === "url-document" ? credentialOf(plan.n) : undefined;
}
