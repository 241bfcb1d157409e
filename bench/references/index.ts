// What the product is measured against, served in the same way: each is what one would write without it.
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
