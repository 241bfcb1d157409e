// What the product is measured against, served in the same way: each is what one would write without it.
import { randomUUID } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import { getFirestore, initializeApp, onRequest } from "./packages.ts";

initializeApp();
const tasks = getFirestore().collection("pendingWebhooks");
const received = { received: true };

/** Nothing but the runtime. */
export const bareHandler = onRequest((_request, response) => {
  response.json(received);
});

/** One write, whatever the document says: no check, no validation, no token. */
export const bareCommit = onRequest(async (request, response) => {
  await tasks.doc(request.path.slice(1)).update({ status: "completed", resultUrl: request.body.resultUrl });
  response.json(received);
});

/** What everybody writes: get, check, update; no validation, no token. */
export const transaction = onRequest(async (request, response) => {
  const ref = tasks.doc(request.path.slice(1));
  const duplicate = await ref.firestore.runTransaction(async (transaction) => {
    const task = await transaction.get(ref);
    if (task.get("status") === "completed") return true;
    transaction.update(ref, { status: "completed", resultUrl: request.body.resultUrl, completedAt: new Date() });
    return false;
  });
  response.json(duplicate ? { received: true, duplicate } : received);
});

/** One new document. */
export const bareCreate = onRequest(async (request, response) => {
  const ref = tasks.doc(randomUUID());
  await ref.set({ ...request.body, status: "pending", createdAt: new Date() });
  response.status(202).json({ id: ref.id });
});

/** One outbound POST, and one write that says so. */
export const barePost = onRequest(async (request, response) => {
  const { id, url, body } = request.body.data;
  const statusCode = await post(url, JSON.stringify(body));
  await tasks.doc(id).set({ status: "initiated", statusCode, at: new Date() });
  response.status(204).end();
});

const agent = new Agent({ keepAlive: true });

function post(url: string, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method: "POST", agent, headers: { "content-type": "application/json" } });
    outgoing.on("response", (incoming) => {
      incoming.on("end", () => resolve(incoming.statusCode)).resume();
    });
    outgoing.on("error", reject).end(body);
  });
}
