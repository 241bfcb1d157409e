import {
  type LateCallback,
  type PendingWebhook,
  readPendingWebhook,
  type StoredOutcome,
} from "../../../functions/src/tasks/pending-webhook.ts";
import type { Delivery } from "../../../functions/src/webhooks/delivery.ts";
import type { ApplicationEvent } from "../../../functions/src/webhooks/outgoing-event.ts";
import type { Webhook } from "../../../functions/src/webhooks/webhook.ts";
import type { ApplicationLog } from "../application.ts";
import type { CallbackRecord } from "../callback-sender.ts";
import type { ServiceCall } from "../service.ts";
import type { StagedWebhook } from "../stage.ts";
import type { Receipt } from "../subscribers.ts";
import type { TaskPlan } from "../task-plan.ts";
import type { World } from "../world.ts";

/** A document as it was found. */
export interface Found<Data> {
  readonly path: string;
  readonly id: string;
  readonly data: Data;
}

/** Everything that is known of one task. */
export interface TaskFile {
  readonly plan: TaskPlan;
  readonly id: string;
  readonly task: PendingWebhook;
  readonly outcome: StoredOutcome | undefined;
  /** Below `callbacks/`. */
  readonly kept: readonly LateCallback[];
  readonly calls: readonly ServiceCall[];
  readonly callbacks: readonly CallbackRecord[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What the auditor has: all of Firestore, and what everybody outside saw and said. */
export interface Evidence {
  readonly plans: readonly TaskPlan[];
  readonly files: readonly TaskFile[];
  readonly outcomes: readonly Found<StoredOutcome>[];
  readonly taskDocuments: readonly Found<Fields>[];
  readonly comments: readonly Found<Fields>[];
  readonly notifications: readonly Found<Fields>[];
  readonly deliveries: readonly Found<Delivery>[];
  readonly events: readonly Found<ApplicationEvent>[];
  readonly webhooks: readonly Found<Webhook>[];
  readonly staged: readonly StagedWebhook[];
  readonly receipts: readonly Receipt[];
  readonly calls: readonly ServiceCall[];
  readonly callbacks: readonly CallbackRecord[];
  readonly application: ApplicationLog;
  readonly honestAttempts: (subject: string) => number;
  /** What still moved when the time to come to rest was over. */
  readonly unrest: readonly string[];
  /** Processes of functions that ended by themselves. */
  readonly ownEnds: readonly string[];
}

/** Reads all of it. */
export async function gatherEvidence(world: World, unrest: readonly string[]): Promise<Evidence> {
  const all = async <Data>(collection: string): Promise<Found<Data>[]> => {
    const { docs } = await world.db.collectionGroup(collection).get();
    return docs.map((doc) => ({ path: doc.ref.path, id: doc.id, data: doc.data() as Data }));
  };
  const { plans, service, application, courier, fleet } = world;
  const tasks = await all<PendingWebhook>("pendingWebhooks");
  const outcomes = await all<StoredOutcome>("outcome");
  const kept = await all<LateCallback>("callbacks");
  const files = tasks.flatMap(({ id, data }): TaskFile[] => {
    const task = readPendingWebhook(data);
    const plan = plans[numberOf(task.metadata)];
    if (plan === undefined) return [];
    const below = `pendingWebhooks/${id}/`;
    return [
      {
        plan,
        id,
        task,
        outcome: outcomes.find(({ path }) => path.startsWith(below))?.data,
        kept: kept.filter(({ path }) => path.startsWith(below)).map((found) => found.data),
        calls: service.calls.filter(({ correlationId }) => correlationId === id),
        callbacks: service.callbacks.filter(({ correlationId }) => correlationId === id),
      },
    ];
  });
  return {
    plans,
    files,
    outcomes,
    taskDocuments: await all("tasks"),
    comments: await all("comments"),
    notifications: await all("notifications"),
    deliveries: await all("deliveries"),
    events: await all("events"),
    webhooks: await all("webhooks"),
    staged: world.webhooks,
    receipts: world.subscribers.receipts,
    calls: service.calls,
    callbacks: service.callbacks,
    application: application.log,
    honestAttempts: courier.honestAttempts,
    unrest,
    ownEnds: fleet.figures.ownEnds,
  };
}

function numberOf(metadata: unknown): number {
  return metadata !== null && typeof metadata === "object" && "n" in metadata ? Number(metadata.n) : -1;
}

/** How a task is named in a message. */
export const nameOf = ({ plan, id }: Pick<TaskFile, "plan" | "id">): string => `task ${plan.n} (${plan.kind}, ${id})`;
