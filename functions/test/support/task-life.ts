import type { DocumentSnapshot } from "firebase-admin/firestore";
import { receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import type { Deps } from "../../src/deps.ts";
import { createApp } from "../../src/http/app.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { type DispatchOrder, dispatchTask } from "../../src/tasks/dispatch.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { pendingWebhooks } from "../../src/tasks/pending-webhook.ts";
import { startTask } from "../../src/tasks/start.ts";
import type { Process } from "./crashing-deps.ts";
import type { ReceivedCall } from "./recording-service.ts";
import type { TestDeps } from "./test-deps.ts";

/** What is to be done by one invocation of a function, and again until it was done without a crash. */
export interface Job {
  readonly what: "submission" | "trigger" | "order" | "callback";
  readonly run: (deps: Deps) => Promise<void>;
}

/**
 * What production does about a job whose process crashed: it brings it again at once, or after all else that waits, or, of
 * what a sweep can rescue, never again.
 */
export type Recovery = "at once" | "last" | "never";

export interface Life {
  /** Its queue is this task's alone. */
  readonly deps: TestDeps;
  /** Whose task it is; nobody else's documents are looked at. */
  readonly ownerId: string;
  readonly submission: Job;
  /** What the service has received so far. */
  readonly calls: readonly ReceivedCall[];
  /** What the service reports once it has been called; in sync mode, nothing. */
  readonly report?: object;
  readonly start: () => Process;
  readonly recovery: Recovery;
}

const maxJobs = 100;

/** Plays everything around the functions, one job after the other, until nothing is left to do; gives all jobs. */
export async function live(life: Life): Promise<readonly Job[]> {
  const { deps, start, recovery } = life;
  const all: Job[] = [life.submission];
  const waiting: Job[] = [life.submission];
  const seen = { order: 0, call: 0, document: undefined as DocumentSnapshot | undefined };
  for (let turn = 0; turn < maxJobs; turn += 1) {
    const job = waiting.shift() ?? (await sweepJob(life, seen.document));
    if (job === undefined) return all;
    const process = start();
    let done = true;
    await job.run(process.deps).catch((error: unknown) => {
      if (!process.struck) throw error;
      done = false;
    });
    const found = await news(life, seen);
    all.push(...found);
    waiting.push(...found);
    if (done && !process.crashed) continue;
    if (recovery === "at once") waiting.unshift(job);
    else if (recovery === "last" || !canBeRescued(job, seen.document)) waiting.push(job);
  }
  throw new Error(`The task is not done after ${maxJobs} jobs; it is ${seen.document?.data()?.status}.`);

  async function find(ownerId: string): Promise<DocumentSnapshot | undefined> {
    return (await pendingWebhooks(deps.db).where("ownerId", "==", ownerId).get()).docs[0];
  }

  /** What followed from the last job: writes to the document, orders in the queue, calls of the service. */
  async function news({ ownerId, calls, report }: Life, known: typeof seen): Promise<Job[]> {
    const before = known.document;
    const after = await (before === undefined ? find(ownerId) : before.ref.get());
    const found: Job[] = [];
    if (after !== undefined && before?.updateTime?.valueOf() !== after.updateTime?.valueOf()) {
      found.push({ what: "trigger", run: (own) => deriveConsequences(own, before, after) });
      known.document = after;
    }
    for (const { data, runAt } of deps.queued.slice(known.order)) {
      found.push({ what: "order", run: (own) => carryOut(deps, own, data as unknown as DispatchOrder, runAt) });
    }
    known.order = deps.queued.length;
    for (const call of calls.slice(known.call)) {
      if (report !== undefined && call.status < 300)
        found.push({ what: "callback", run: (own) => callBack(own, call, report) });
    }
    known.call = calls.length;
    return found;
  }
}

/** Where the queue or a trigger lost something for good, the sweep asks for it again. */
async function sweepJob({ deps, recovery }: Life, document: DocumentSnapshot | undefined): Promise<Job | undefined> {
  if (recovery !== "never" || document?.data()?.status !== "pending") return undefined;
  deps.advance(120_001);
  return { what: "trigger", run: async (own) => void (await expirePendingWebhooks(own, own.now() + 60_000)) };
}

function canBeRescued({ what }: Job, document: DocumentSnapshot | undefined): boolean {
  return what === "order" || (what === "trigger" && document?.data()?.status === "pending");
}

async function carryOut(deps: TestDeps, own: Deps, order: DispatchOrder, runAt: number): Promise<void> {
  deps.advance(Math.max(0, runAt - deps.now()));
  await dispatchTask(own, order);
}

/** As a service would: at the URL that it was given, and as a failure unless the answer is a 200. */
async function callBack(own: Deps, call: ReceivedCall, report: object): Promise<void> {
  const url = new URL(String(call.body.callbackUrl));
  const answer = await receiveCallback(own, {
    method: "POST",
    path: url.pathname.slice(url.pathname.indexOf("/webhookCallback")),
    token: url.searchParams.get("token") ?? undefined,
    contentType: "application/json",
    body: Buffer.from(JSON.stringify({ correlationId: call.body.correlationId, ...report })),
  });
  if (answer.status !== 200) throw new Error(`The callback was answered ${answer.status}.`);
}

/** A submission over HTTP, with an Idempotency-Key. */
export function submissionOverHttp(apiKey: string, service: string): Job {
  const headers = { "x-api-key": apiKey, "idempotency-key": "crash", "content-type": "application/json" };
  const body = JSON.stringify({ service, prompt: "A lighthouse", user_id: `user-of-${apiKey}`, metadata: { n: 1 } });
  const run = async (own: Deps) => {
    const response = await createApp(own).request("/api/v1/tasks", { method: "POST", headers, body });
    if (response.status !== 202) throw new Error(`The submission was answered ${response.status}.`);
  };
  return { what: "submission", run };
}

/** A document of the application's `tasks/`, written already: the trigger on its creation. */
export function submissionByDocument(document: DocumentSnapshot): Job {
  return { what: "submission", run: (own) => startTask(own, document) };
}
