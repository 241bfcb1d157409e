import { createServer, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { listen, readBody, sendJson, stop } from "../../examples/common/http-server.ts";
import { type CallbackRecord, createCallbackSender } from "./callback-sender.ts";
import type { CallBehaviour, TaskPlan } from "./task-plan.ts";

const bodyLimit = 1_024 * 1_024;
/** Longer than an outbound call may take (WEBHOOK_TIMEOUT of the run). */
const hangMs = 4_000;

/** One outbound call as the service saw it. */
export interface ServiceCall {
  readonly n: number;
  readonly correlationId: string;
  readonly idempotencyKey: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
  /** Null where the caller got no answer. */
  readonly answered: number | null;
}

/** What the service is asked. */
export interface JobRequest {
  readonly correlationId: string;
  readonly callbackUrl: string;
  readonly metadata: { readonly n: number };
}

/** The external service: does each job once, however often it is asked, and behaves as the plan of the task says. */
export interface Service {
  readonly url: string;
  readonly calls: readonly ServiceCall[];
  readonly callbacks: readonly CallbackRecord[];
  /** Callbacks that are not sent, or not answered for good, yet. */
  readonly outstanding: () => number;
  readonly stop: () => Promise<void>;
}

/** The result of a task whose service is in sync mode. */
export function syncResult(n: number): unknown {
  return { status: "success", resultUrl: `https://results.example/${n}/sync`, result: { n, label: "sync" } };
}

/** `ended` tells whether a task has. */
export async function startService(
  planOf: (n: number) => TaskPlan,
  ended: (correlationId: string) => Promise<boolean>,
): Promise<Service> {
  const calls: ServiceCall[] = [];
  const counts = new Map<string, number>();
  const jobs = new Set<string>();
  const sender = createCallbackSender(planOf, ended);

  const server = createServer(async (request, response) => {
    const body = (await readBody(request, bodyLimit)).toString();
    const job = JSON.parse(body) as JobRequest;
    const { correlationId } = job;
    const { n } = job.metadata;
    const count = counts.get(correlationId) ?? 0;
    counts.set(correlationId, count + 1);
    const behaviour = planOf(n).calls[Math.min(count, planOf(n).calls.length - 1)];
    if (behaviour === undefined) throw new Error(`task ${n} has no plan for its calls`);
    if (takesJob(behaviour) && !jobs.has(correlationId)) {
      jobs.add(correlationId);
      sender.begin(job);
    }
    await sleep(behaviour.afterMs);
    const answered = await answer(response, behaviour, n);
    calls.push({
      n,
      correlationId,
      idempotencyKey: request.headers["idempotency-key"]?.toString(),
      authorization: request.headers.authorization,
      body,
      answered,
    });
  });
  const url = await listen(server, 0);
  return {
    url: `${url}/work`,
    calls,
    callbacks: sender.records,
    outstanding: sender.outstanding,
    stop: async () => {
      sender.stop();
      await stop(server);
    },
  };
}

function takesJob({ answer }: CallBehaviour): boolean {
  return answer === "acknowledge" || answer === "take-and-break-off" || answer === "take-and-hang";
}

async function answer(response: ServerResponse, { answer }: CallBehaviour, n: number): Promise<number | null> {
  const say = (status: number, body: unknown, headers: Record<string, string> = {}) => {
    sendJson(response, status, body, headers);
    return status;
  };
  switch (answer) {
    case "acknowledge":
      return say(202, { id: `job-${n}`, estimatedCompletion: "soon" });
    case "result":
      return say(200, syncResult(n));
    case "unavailable":
      return say(503, { error: "Too much to do." });
    case "busy":
      return say(429, { error: "Slowly, please." }, { "retry-after": "1" });
    case "refuse":
      return say(422, { error: "Not with these parameters." });
    case "take-and-hang":
      await sleep(hangMs);
      response.destroy();
      return null;
    case "break-off":
    case "take-and-break-off":
      response.destroy();
      return null;
  }
}
