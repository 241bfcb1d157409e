import { createServer } from "node:http";
import { listen, readBody, sendJson, stop } from "../../examples/common/http-server.ts";
import { type Adversary, type FunctionName, functionNames } from "./adversary.ts";
import type { Courier } from "./courier.ts";
import { deliverySubject, dispatchSubject, taskEventId } from "./names.ts";

const bodyLimit = 1_024 * 1_024;
const route = /^\/projects\/[^/]+\/locations\/[^/]+\/queues\/([^/]+)\/tasks$/;

/** Stands in for Cloud Tasks: the one REST call that firebase-admin makes, and delivery at least once. */
export interface TaskQueue {
  /** `host:port`, for CLOUD_TASKS_EMULATOR_HOST. */
  readonly address: string;
  readonly figures: { queued: number; duplicates: number; refused: number; answersLost: number };
  readonly stop: () => Promise<void>;
}

interface NewTask {
  readonly task: {
    readonly name: string;
    readonly scheduleTime?: string;
    readonly httpRequest: { readonly body: string };
  };
}

/** A name is taken once and for all, and an order is brought when it is due (its `scheduleTime`), not before. */
export async function startTaskQueue(courier: Courier, adversary: Adversary): Promise<TaskQueue> {
  const figures = { queued: 0, duplicates: 0, refused: 0, answersLost: 0 };
  const names = new Set<string>();
  const tried = new Set<string>();
  const server = createServer(async (request, response) => {
    const to = functionOf(request.url ?? "");
    if (to === undefined) return sendJson(response, 404, { error: { status: "NOT_FOUND" } });
    const { task } = JSON.parse((await readBody(request, bodyLimit)).toString()) as NewTask;
    const name = task.name.split("/").at(-1) ?? "";
    // Not 503, which firebase-admin tries again by itself.
    const trouble = { error: { status: "INTERNAL", message: "The queue has its troubles." } };
    const fate = tried.has(name) ? "works" : adversary.queueing(name);
    tried.add(name);
    if (fate === "refused") {
      figures.refused += 1;
      return sendJson(response, 500, trouble);
    }
    if (names.has(name)) {
      figures.duplicates += 1;
      return sendJson(response, 409, { error: { status: "ALREADY_EXISTS", message: "This name was used." } });
    }
    names.add(name);
    figures.queued += 1;
    const body = Buffer.from(task.httpRequest.body, "base64");
    courier.bring({
      to,
      request: {
        method: "POST",
        path: "/",
        headers: { "content-type": "application/json", "x-cloudtasks-taskname": name },
        body,
      },
      bringing: adversary.orderBringing(name),
      notBefore: task.scheduleTime === undefined ? 0 : Date.parse(task.scheduleTime),
      subject: subjectOf(body),
    });
    if (fate === "answer lost") {
      figures.answersLost += 1;
      return sendJson(response, 500, trouble);
    }
    sendJson(response, 200, { task: { name: task.name } });
  });
  const url = await listen(server, 0);
  return { address: new URL(url).host, figures, stop: () => stop(server) };
}

function functionOf(url: string): FunctionName | undefined {
  const name = route.exec(url)?.[1];
  return functionNames.find((known) => known === name);
}

interface Order {
  readonly correlationId?: string;
  readonly attempt?: number;
  readonly deliver?: {
    readonly source: { readonly task?: string; readonly seq?: number; readonly event?: string };
    readonly webhookId: string | null;
    readonly attempt: number;
  };
}

/** Orders of different names may ask for the same call: what they carry tells. */
function subjectOf(body: Buffer): string {
  const { data } = JSON.parse(body.toString()) as { data: Order };
  if (data.deliver === undefined) return dispatchSubject(String(data.correlationId), Number(data.attempt));
  const { source, webhookId, attempt } = data.deliver;
  return deliverySubject(source.event ?? taskEventId(String(source.task), Number(source.seq)), webhookId, attempt);
}
