import { documentOf } from "../../src/handlers/event-document.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

test("a trigger whose event was too large to carry the document reads it, and the work goes on", async () => {
  const id = await submitted(deps);
  const snapshot = await documentOf(deps.db, { document: `pendingWebhooks/${id}` }, undefined);
  await deriveConsequences(deps, undefined, snapshot);
  expect(deps.queued).toMatchObject([{ queue: "dispatchTask", data: { correlationId: id, attempt: 1 } }]);
});

test("what the event brought is taken as it is", async () => {
  const brought = await pendingWebhookRef(deps.db, await submitted(deps)).get();
  expect(await documentOf(deps.db, { document: "pendingWebhooks/another" }, brought)).toBe(brought);
});
