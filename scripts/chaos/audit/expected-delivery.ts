import { callbackEndpoint, taskEventId } from "../names.ts";
import type { Temper } from "../subscribers.ts";
import type { Evidence } from "./evidence.ts";

/** An event that an endpoint must hear of. */
export interface ExpectedDelivery {
  readonly endpoint: string;
  readonly temper: Temper;
  readonly eventId: string;
  /** Null for a task's own callback URL. */
  readonly webhookId: string | null;
}

/** These tell of the end of a task only. */
const tellsOfEndOnly = new Set(["predict", "task-service"]);

/** Everything that had to be delivered: what happened to each task, and what the application published. */
export function expectedDeliveries({ files, staged, events }: Evidence): ExpectedDelivery[] {
  const ofTasks = files.flatMap(({ plan, id, task }) =>
    task.history.flatMap(({ seq, type }) => {
      const eventId = taskEventId(id, seq);
      const wanted = (format: string) => !tellsOfEndOnly.has(format) || seq >= 5;
      const hooks = staged
        .filter(
          ({ owner, events: patterns, format }) => owner === plan.owner && wants(patterns, type) && wanted(format),
        )
        .map(({ endpoint, temper, id: webhookId }) => ({ endpoint, temper, eventId, webhookId }));
      const { callbackFormat } = plan;
      if (callbackFormat === null || !wanted(callbackFormat)) return hooks;
      return [...hooks, { endpoint: callbackEndpoint(plan.n), temper: "flapping" as const, eventId, webhookId: null }];
    }),
  );
  const ofApplication = events.flatMap(({ data: { id: eventId, ownerId, type, except } }) =>
    staged
      .filter(({ owner, id, events: patterns, format }) => {
        return `owner-${owner}` === ownerId && id !== except && wants(patterns, type) && !tellsOfEndOnly.has(format);
      })
      .map(({ endpoint, temper, id: webhookId }) => ({ endpoint, temper, eventId, webhookId })),
  );
  return [...ofTasks, ...ofApplication];
}

function wants(patterns: readonly string[], type: string): boolean {
  return patterns.includes("*") || patterns.includes(type) || patterns.includes(`${type.split(".")[0]}.*`);
}

/** Whether an endpoint takes what it is sent, sooner or later. */
export const isHealthy = ({ temper }: Pick<ExpectedDelivery, "temper">): boolean =>
  temper === "steady" || temper === "flapping";
