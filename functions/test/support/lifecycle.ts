import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../../src/deps.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { submitTask } from "../../src/tasks/submit.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";
import { callBack } from "./callbacks.ts";
import { snapshotOf, taskRequest } from "./tasks.ts";

/** One write to a pending webhook, as its trigger gets it. */
export interface Write {
  readonly before: DocumentSnapshot;
  readonly after: DocumentSnapshot;
}

export interface Lifecycle {
  readonly id: string;
  /** Submitted, initiated, half done, completed. */
  readonly writes: readonly Write[];
}

/** Takes a task through all of its life without its trigger ever running; `url` is a service that takes it. */
export async function lifecycle(deps: Deps, url: string, parts: Partial<TaskRequest>): Promise<Lifecycle> {
  const id = deps.newId();
  const steps = [
    () => submitTask(deps, taskRequest({ worker: { url, auth: null }, ...parts }), id),
    () => dispatchTask(deps, { correlationId: id, attempt: 1 }),
    () => callBack(deps, id, { status: "progress", progress: 0.5, message: "half way" }),
    () =>
      callBack(deps, id, { status: "success", resultUrl: "https://cdn.example.com/a.mp4", metadata: { title: "A" } }),
  ];
  const writes: Write[] = [];
  let before = await snapshotOf(deps, id);
  for (const step of steps) {
    await step();
    const after = await snapshotOf(deps, id);
    writes.push({ before, after });
    before = after;
  }
  return { id, writes };
}

/** The write that ended the task. */
export function last(writes: readonly Write[]): Write {
  const write = writes.at(-1);
  if (write === undefined) throw new Error("no write");
  return write;
}

/** The trigger of that write. */
export async function triggered(deps: Deps, { before, after }: Write): Promise<void> {
  await deriveConsequences(deps, before, after);
}

/** Every order in which these can come. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, n) => permutations(items.toSpliced(n, 1)).map((rest) => [item, ...rest]));
}
