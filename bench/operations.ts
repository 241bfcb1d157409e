import type { Deps } from "../functions/src/deps.ts";
import { createApp } from "../functions/src/http/app.ts";
import { deriveConsequences } from "../functions/src/tasks/consequences.ts";
import { type DispatchOrder, dispatchTask } from "../functions/src/tasks/dispatch.ts";
import { pendingWebhookRef, pendingWebhooks } from "../functions/src/tasks/pending-webhook.ts";
import { carryOut } from "../functions/src/webhooks/carry-out.ts";
import { callBack } from "../functions/test/support/callbacks.ts";
import { countOperations } from "../functions/test/support/operation-count.ts";
import { subscribed } from "../functions/test/support/subscribers.ts";
import { createTestDeps } from "../functions/test/support/test-deps.ts";
import { apiKey, registerCaller } from "./harness/caller.ts";
import type { Row, Section } from "./harness/section.ts";
import { inWorld, type World } from "./harness/world.ts";

/** What one task costs, counted as it goes its whole way: by what is called, and what each call does. */
export const operations: Section = {
  name: "operations",
  title: "What one task with one subscriber to its outcome costs",
  run: () =>
    inWorld(async (world) => {
      const product = countedProduct(world);
      const service = await world.service();
      await registerCaller(world.db, service);
      await subscribed(world.deps, { ownerId: "bench", url: service, events: ["task.completed"] });
      // The first task finds nothing in the caches of keys, services and webhooks; the second one counts.
      await product.runTask();
      const before = (await deletedLater(world)).length;
      const rows = await product.runTask();
      const deletes = (await deletedLater(world)).length - before;
      const total = (what: string) => rows.reduce((sum, row) => sum + Number(row[what]), 0);
      const sum = {
        step: "all",
        invocations: total("invocations"),
        queueTasks: total("queueTasks"),
        reads: total("reads"),
        writes: total("writes"),
        deletes,
      };
      const notes = [
        "deletes: documents that their time to live ends later. A user of the task costs one write and one delete more, for the notification.",
        "Each instance reads an API key every 30 s, a service every 10 s, an owner's webhooks every 5 s, and counts a webhook's hour every 10 s.",
      ];
      return { rows: [...rows, sum], goals: [], notes };
    }),
};

/** The product's functions, each call of which is counted with what it does. */
function countedProduct({ db, deps: { keys, config } }: World) {
  const { db: counted, count } = countOperations(db);
  const deps = createTestDeps(counted, { keys, config });
  const app = createApp(deps);
  let rows: Row[] = [];

  async function invoke(step: string, work: () => Promise<unknown>): Promise<void> {
    const [before, queued] = [{ ...count }, deps.queued.length];
    await work();
    const reads = count.reads - before.reads;
    const writes = count.writes - before.writes;
    rows.push({ step, invocations: 1, queueTasks: deps.queued.length - queued, reads, writes, deletes: 0 });
  }

  /** One invocation, and the trigger's for what it wrote to the task. */
  async function invokeAndTrigger(step: string, id: () => string, work: () => Promise<unknown>): Promise<void> {
    const before = id() === "" ? undefined : await pendingWebhookRef(db, id()).get();
    await invoke(step, work);
    const after = await pendingWebhookRef(db, id()).get();
    const changed = after.updateTime?.valueOf() !== before?.updateTime?.valueOf();
    if (changed)
      await invoke(`onPendingWebhook, ${after.get("status")}`, () => deriveConsequences(deps, before, after));
  }

  async function runTask(): Promise<Row[]> {
    rows = [];
    let id = "";
    await invokeAndTrigger(
      "api, submission",
      () => id,
      async () => {
        const body = JSON.stringify({ service: "bench", prompt: "A lighthouse at dusk" });
        const headers = { "x-api-key": apiKey, "content-type": "application/json" };
        const answer = await app.request("/api/v1/tasks", { method: "POST", headers, body });
        id = ((await answer.json()) as { id: string }).id;
      },
    );
    await invokeAndTrigger(
      "dispatchTask",
      () => id,
      () => dispatchTask(deps, lastOrder(deps.queued) as DispatchOrder),
    );
    await invokeAndTrigger(
      "webhookCallback",
      () => id,
      () => callBack(deps, id, { status: "success", resultUrl: "https://cdn.example.com/a.mp4" }),
    );
    await invoke("deliverWebhook", () => carryOut(deps, lastOrder(deps.queued)));
    const delivered = await db
      .collection("deliveries")
      .where("taskId", "==", id)
      .where("status", "==", "delivered")
      .get();
    if (delivered.size !== 1) throw new Error("The task's outcome was not delivered, so its cost was not counted.");
    return rows;
  }
  return { runTask };
}

function lastOrder(queued: readonly Parameters<Deps["enqueue"]>[0][]): unknown {
  return queued.at(-1)?.data;
}

/** Whatever holds a time at which Firestore deletes it. */
async function deletedLater({ db }: World): Promise<unknown[]> {
  const groups = [
    pendingWebhooks(db),
    db.collectionGroup("outcome"),
    db.collection("deliveries"),
    db.collectionGroup("notifications"),
  ];
  const found = await Promise.all(groups.map((group) => group.where("purgeAt", ">", new Date(0)).get()));
  return found.flatMap(({ docs }) => docs);
}
