import { setTimeout as sleep } from "node:timers/promises";
import type { openFirestore } from "../../functions/src/platform/firestore.ts";
import { diceOf } from "./dice.ts";
import { callbackEndpoint, ownerId, ownerKey, serviceName, taskDocumentId } from "./names.ts";
import type { TaskPlan } from "./task-plan.ts";

type Database = ReturnType<typeof openFirestore>;

/** Where the application finds everything. */
export interface Surroundings {
  readonly seed: number;
  readonly db: Database;
  /** Of the API. */
  readonly apiUrl: string;
  readonly serviceUrl: string;
  readonly subscribersUrl: string;
}

/** What the application asked for, and was told. */
export interface ApplicationLog {
  /** Correlation ids as the API gave them, by the number of the task; a task that was submitted twice has two. */
  readonly submitted: Map<number, string[]>;
  /** How the API answered to a cancel, by the number of the task. */
  readonly cancelled: Map<number, number>;
  /** Ids of published events, by owner; the same key twice gives one twice. */
  readonly published: { readonly owner: number; readonly key: string; readonly id: string }[];
  /** Requests that were sent again, as nobody had answered them. */
  repeated: number;
}

/** The application that uses Boomerang: submits, cancels, publishes, and asks again until it is answered. */
export interface Application {
  readonly log: ApplicationLog;
  /** Submits the task, and cancels it where that is the plan. */
  readonly submit: (plan: TaskPlan) => Promise<void>;
  /** Publishes an event of its own. */
  readonly publish: (owner: number, key: string) => Promise<void>;
}

/** The credential of the tasks that bring their own. */
export const credentialOf = (n: number): string => `Bearer credential-of-task-${n}`;

const again = { firstMs: 150, maxMs: 2_000 };
const answerWithinMs = 20_000;

export function createApplication(surroundings: Surroundings): Application {
  const { seed, db, apiUrl } = surroundings;
  const log: ApplicationLog = { submitted: new Map(), cancelled: new Map(), published: [], repeated: 0 };

  const call = async (owner: number, path: string, body: object, key?: string) => {
    for (let round = 0; ; round += 1) {
      const response = await fetch(`${apiUrl}/api/v1${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-api-key": ownerKey(seed, owner),
          ...(key === undefined ? {} : { "idempotency-key": key }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(answerWithinMs),
      }).catch(() => undefined);
      const answer = await response?.json().catch(() => undefined);
      if (response !== undefined && answer !== undefined && response.status < 500) {
        return { status: response.status, answer: answer as Readonly<Record<string, unknown>> };
      }
      log.repeated += 1;
      await sleep(Math.min(again.firstMs * 2 ** round, again.maxMs));
    }
  };

  const submitOverHttp = async (plan: TaskPlan) => {
    const { status, answer } = await call(plan.owner, "/tasks", httpRequest(surroundings, plan), `task-${plan.n}`);
    if (status !== 202) throw new Error(`task ${plan.n} was refused with ${status}: ${JSON.stringify(answer)}`);
    log.submitted.set(plan.n, [...(log.submitted.get(plan.n) ?? []), String(answer.id)]);
    return String(answer.id);
  };

  return {
    log,
    async submit(plan) {
      if (plan.way !== "http")
        return await createDocument(db, taskDocumentId(plan.n), taskDocument(surroundings, plan));
      const twice = plan.twice ? submitOverHttp(plan) : undefined;
      const id = await submitOverHttp(plan);
      await twice;
      if (plan.cancelAfterMs === null) return;
      await sleep(plan.cancelAfterMs);
      const { status } = await call(plan.owner, `/tasks/${id}/cancel`, {});
      log.cancelled.set(plan.n, status);
    },
    async publish(owner, key) {
      const times = diceOf(seed, "publish", key).chance(0.3) ? 2 : 1;
      const body = { type: "order.paid", payload: { key } };
      await Promise.all(
        Array.from({ length: times }, async () => {
          const { status, answer } = await call(owner, "/events", body, key);
          if (status !== 202) throw new Error(`event ${key} was refused with ${status}: ${JSON.stringify(answer)}`);
          log.published.push({ owner, key, id: String(answer.id) });
        }),
      );
    },
  };
}

/** Where nobody answers, the document may be there all the same: then it is the one that was to be made. */
async function createDocument(db: Database, id: string, data: object): Promise<void> {
  const ref = db.collection("tasks").doc(id);
  for (;;) {
    try {
      await ref.create(data);
      return;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === 6) return;
      await sleep(again.firstMs);
    }
  }
}

function httpRequest({ subscribersUrl }: Surroundings, plan: TaskPlan): object {
  return {
    service: serviceName(plan.kind),
    prompt: `chaos task ${plan.n}`,
    metadata: { n: plan.n },
    user_id: `user-${plan.n}`,
    ...(plan.callbackFormat === null
      ? {}
      : { callback_url: `${subscribersUrl}${callbackEndpoint(plan.n)}`, callback_format: plan.callbackFormat }),
  };
}

function taskDocument({ subscribersUrl, serviceUrl }: Surroundings, plan: TaskPlan): object {
  const worker =
    plan.way === "document"
      ? { service: serviceName(plan.kind) }
      : { taskMetadata: { isWebhookTask: true, webhookUrl: serviceUrl, webhookAuth: credentialOf(plan.n) } };
  return {
    ...worker,
    prompt: `chaos task ${plan.n}`,
    metadata: { n: plan.n },
    userId: ownerId(plan.owner),
    assistantId: "assistant",
    followers: Array.from({ length: plan.followers }, (_, index) => `follower-${plan.n}-${index}`),
    ...(plan.callbackFormat === null
      ? {}
      : { callbackUrl: `${subscribersUrl}${callbackEndpoint(plan.n)}`, callbackFormat: plan.callbackFormat }),
  };
}
