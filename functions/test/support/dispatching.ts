import type { DispatchOrder } from "../../src/tasks/dispatch.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import type { PendingWebhook } from "../../src/tasks/pending-webhook.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";
import { readTask, snapshotOf, submitted, trigger } from "./tasks.ts";
import type { TestDeps } from "./test-deps.ts";

/** Submits a task for the service at `url`, runs its trigger, and gives its id: the first order is in the queue. */
export async function queuedTask(deps: TestDeps, url: string, parts: Partial<TaskRequest> = {}): Promise<string> {
  const id = await submitted(deps, { worker: { url, auth: null }, ...parts });
  await trigger(deps, id);
  return id;
}

/** The order that the trigger put into the queue last. */
export function lastOrder(deps: TestDeps, id: string): DispatchOrder & { readonly runAt: number } {
  const queued = deps.queued.findLast(({ data }) => data.correlationId === id);
  if (queued === undefined) throw new Error(`nothing is queued for ${id}`);
  return { correlationId: id, attempt: Number(queued.data.attempt), runAt: queued.runAt };
}

/** Sets the clock to when the last order is due, carries it out, and runs the trigger; gives the task. */
export async function dispatchNext(deps: TestDeps, id: string): Promise<PendingWebhook> {
  const { runAt, ...order } = lastOrder(deps, id);
  deps.advance(Math.max(0, runAt - deps.now()));
  const before = await snapshotOf(deps, id);
  await dispatchTask(deps, order);
  await trigger(deps, id, before);
  return await readTask(deps, id);
}

/** Submits a task for the service at `url` and makes its first call. */
export async function dispatched(
  deps: TestDeps,
  url: string,
  parts: Partial<TaskRequest> = {},
): Promise<PendingWebhook> {
  return await dispatchNext(deps, await queuedTask(deps, url, parts));
}
