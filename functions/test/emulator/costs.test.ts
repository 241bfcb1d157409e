import { createHash } from "node:crypto";
import { receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import { createApiKeys } from "../../src/http/api-keys.ts";
import { createApp } from "../../src/http/app.ts";
import { deriveConsequences } from "../../src/tasks/consequences.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { createServices } from "../../src/tasks/services.ts";
import { dispatchNext, lastOrder } from "../support/dispatching.ts";
import { costOf, countOperations } from "../support/operation-count.ts";
import { startService } from "../support/recording-service.ts";
import { readTask, snapshotOf, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const { db: counted, count } = countOperations(db);
// Setting up and looking on go past the count, what the product does goes through it.
const aside = createTestDeps(db);
const deps = {
  ...aside,
  db: counted,
  apiKeys: createApiKeys({ ...aside, db: counted }),
  services: createServices(counted, aside.now),
};
const app = createApp(deps);
afterAll(() => db.terminate());

const nothing = { reads: 0, writes: 0, deletes: 0, refused: 0, requests: 0 };
async function post(body: object): Promise<string> {
  const response = await app.request("/api/v1/tasks", {
    method: "POST",
    headers: { "x-api-key": "key-of-costs", "content-type": "application/json" },
    body: JSON.stringify({ service: "costed", prompt: "A lighthouse", ...body }),
  });
  const { id } = (await response.json()) as { id: string };
  if (response.status !== 202) throw new Error(`The submission was answered ${response.status}.`);
  return id;
}

function callBack(id: string, callbackUrl: string, result: object) {
  return receiveCallback(deps, {
    method: "POST",
    path: `/${id}`,
    token: new URL(callbackUrl).searchParams.get("token") ?? undefined,
    contentType: "application/json",
    body: Buffer.from(JSON.stringify({ correlationId: id, status: "success", result })),
  });
}

/** A service, registered and, like the key, known to the instance. */
async function warmService() {
  const service = await startService(() => ({ body: { externalId: "job-1" } }));
  await db.doc("services/costed").set({ url: service.url });
  const hash = createHash("sha256").update("key-of-costs").digest("hex");
  await db.doc(`apiKeys/${hash}`).set({ ownerId: "owner-1", scopes: ["tasks:write"] });
  aside.advance(60_000);
  await post({});
  return service;
}

test("from submission to completion a task costs 4 writes and 1 read", async () => {
  const service = await warmService();
  let id = "";
  const submission = await costOf(count, async () => {
    id = await post({ user_id: "user-1" });
  });
  await trigger(aside, id);
  const { runAt: _runAt, ...order } = lastOrder(aside, id);
  const dispatch = await costOf(count, () => dispatchTask(deps, order));
  const callbackUrl = String(service.calls.at(-1)?.body.callbackUrl);
  const callback = await costOf(count, () => callBack(id, callbackUrl, { n: 1 }));
  expect(await readTask(aside, id)).toMatchObject({ status: "completed", externalId: "job-1", result: { n: 1 } });

  console.info(`Firestore operations of one task: ${JSON.stringify({ submission, dispatch, callback })}`);
  expect(submission).toEqual({ ...nothing, writes: 1, requests: 1 });
  expect(dispatch).toEqual({ ...nothing, reads: 1, writes: 1, requests: 2 });
  expect(callback).toEqual({ ...nothing, writes: 2, requests: 1 });
});

test("what follows from a task costs one write for each person who is told, and no read", async () => {
  const service = await warmService();
  const id = await post({ user_id: "user-1" });
  const created = await snapshotOf(aside, id);
  expect(await costOf(count, () => deriveConsequences(deps, undefined, created))).toEqual(nothing);
  await dispatchNext(aside, id);
  const initiated = await snapshotOf(aside, id);
  expect(await costOf(count, () => deriveConsequences(deps, created, initiated))).toEqual(nothing);
  await callBack(id, String(service.calls.at(-1)?.body.callbackUrl), {});
  const completed = await snapshotOf(aside, id);
  const finished = await costOf(count, () => deriveConsequences(deps, initiated, completed));
  expect(finished).toEqual({ ...nothing, writes: 1, requests: 1 });
});

test("a repeated submission and an order out of date cost one read each", async () => {
  const service = await warmService();
  const headers = { "x-api-key": "key-of-costs", "content-type": "application/json", "idempotency-key": "costs" };
  const submit = async () => {
    const body = JSON.stringify({ service: "costed" });
    const response = await app.request("/api/v1/tasks", { method: "POST", headers, body });
    return (await response.json()) as { id: string };
  };
  const { id } = await submit();
  expect(await costOf(count, submit)).toEqual({ ...nothing, reads: 1, refused: 2, requests: 2 });
  await trigger(aside, id);
  await dispatchNext(aside, id);
  const again = await costOf(count, () => dispatchTask(deps, { correlationId: id, attempt: 1 }));
  expect(again).toEqual({ ...nothing, reads: 1, requests: 1 });
  expect(service.calls).toHaveLength(1);
});

test("a duplicate callback costs three reads and no write, a forged one nothing at all", async () => {
  const service = await warmService();
  const id = await post({});
  await trigger(aside, id);
  await dispatchNext(aside, id);
  const callbackUrl = String(service.calls.at(-1)?.body.callbackUrl);
  const forged = await costOf(count, async () => {
    for (const token of ["generic~task~kgx8v3e0~AAAA", "", callbackUrl.slice(0, -1)]) {
      expect(await callBack(id, `https://x.example.com/?token=${token}`, {})).toMatchObject({ status: 401 });
    }
  });
  expect(forged).toEqual(nothing);
  await callBack(id, callbackUrl, { n: 1 });
  const duplicate = await costOf(count, async () => {
    expect(await callBack(id, callbackUrl, { n: 1 })).toMatchObject({ status: 200, body: { duplicate: true } });
  });
  console.info(`Firestore operations of a duplicate callback: ${JSON.stringify(duplicate)}`);
  expect(duplicate).toMatchObject({ reads: 3, writes: 0, deletes: 0 });
});

test("a sweep that finds nothing reads nothing", async () => {
  await expirePendingWebhooks(aside, aside.now() + 60_000);
  const idle = await costOf(count, () => expirePendingWebhooks(deps, deps.now() + 60_000));
  expect(idle).toMatchObject({ reads: 0, writes: 0, deletes: 0 });
});

test("the count itself is right", async () => {
  const things = counted.collection("things");
  const cost = await costOf(count, async () => {
    const batch = counted.batch();
    for (const name of ["a", "b", "c"]) batch.set(things.doc(name), { n: 1 });
    await batch.commit();
    await counted.getAll(things.doc("a"), things.doc("b"), things.doc("missing"));
    expect((await things.where("n", "==", 1).get()).size).toBe(3);
    await counted.runTransaction(async (transaction) => {
      const found = await transaction.get(things.doc("a"));
      transaction.update(found.ref, { n: 2 });
      transaction.delete(things.doc("b"));
    });
    await expect(things.doc("a").create({ n: 3 })).rejects.toMatchObject({ code: 6 });
    await things.doc("c").delete();
  });
  expect(cost).toEqual({ reads: 3 + 3 + 1, writes: 3 + 1, deletes: 1 + 1, refused: 1, requests: 7 });
});
