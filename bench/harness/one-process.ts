// The whole product in one process, as its peers run: the same use cases and the same database, but a queue in memory in the place of
// Cloud Tasks, and in the place of the trigger's events a read of the task after each commit to it. So a crash would lose what is
// queued here, as it never does in production.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, json } from "node:stream/consumers";
import { receiveCallback } from "../../functions/src/callbacks/webhook-callback.ts";
import { createDeps, type Deps } from "../../functions/src/deps.ts";
import { parseFields } from "../../functions/src/domain/validation.ts";
import { toTaskRequest } from "../../functions/src/http/task-body.ts";
import { taskView } from "../../functions/src/http/views/task-view.ts";
import { readShared } from "../../functions/src/platform/shared-read.ts";
import { deriveConsequences } from "../../functions/src/tasks/consequences.ts";
import { type DispatchOrder, dispatchTask } from "../../functions/src/tasks/dispatch.ts";
import { pendingWebhookRef } from "../../functions/src/tasks/pending-webhook.ts";
import { submitTask } from "../../functions/src/tasks/submit.ts";
import { taskBody } from "../../functions/src/tasks/task-request.ts";
import type { DocumentSnapshot } from "../references/packages.ts";

const fail = (error: unknown) => {
  console.error(error);
  process.exit(1);
};

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  if (pathname === "/tasks") {
    const { task } = await submitTask(deps, toTaskRequest(identity, parseFields(taskBody, await json(request))));
    response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify(taskView(task)));
    await trigger(task.correlationId);
    return;
  }
  const { status, headers, body } = await receiveCallback(deps, {
    method: request.method ?? "",
    path: pathname,
    token: searchParams.get("token") ?? undefined,
    contentType: request.headers["content-type"],
    body: await buffer(request),
  });
  response.writeHead(status, headers).end(JSON.stringify(body));
  await trigger(pathname.slice("/webhookCallback/".length));
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
process.env.CALLBACK_BASE_URL = `http://127.0.0.1:${port}`;
const identity = { ownerId: "bench", admin: false, scopes: new Set<never>(), userId: null, caller: "bench" };
const deps: Deps = {
  ...createDeps(process.env),
  enqueue: async ({ data }) => {
    const order = data as unknown as DispatchOrder;
    setImmediate(() =>
      dispatchTask(deps, order)
        .then(() => trigger(order.correlationId))
        .catch(fail),
    );
  },
};

/** Tasks as their last event found them. */
const known = new Map<string, DocumentSnapshot>();

async function trigger(id: string): Promise<void> {
  const [after] = await readShared(deps.db, pendingWebhookRef(deps.db, id));
  const before = known.get(id);
  known.set(id, after);
  await deriveConsequences(deps, before, after);
}
process.on("disconnect", () => process.exit(0));
process.send?.({ port });
