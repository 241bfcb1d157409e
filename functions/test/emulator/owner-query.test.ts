import { createApiClient, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { idsOf, readPages } from "../support/list-pages.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { leastWebhook, storeDelivery } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let admin: string;
let anna: string;
beforeAll(async () => {
  admin = await newKey(deps.db, "operator", ["admin"]);
  anna = await newKey(deps.db, "anna", ["tasks:read", "webhooks"]);
});

test("an operator finds the dead deliveries of all owners, and whose they are", async () => {
  const dead: string[] = [];
  for (let n = 1; n <= 9; n += 1) {
    const ownerId = ["anna", "berta", "carla"][n % 3] ?? "";
    const status = n % 3 === 2 ? "delivered" : "dead";
    const id = await storeDelivery(deps, n, { ownerId, webhookId: "w", status }, deps.now() + n);
    if (status === "dead") dead.unshift(id);
  }
  expect((await readPages(api, admin, "/deliveries?status=dead&owner_id=*&limit=2")).flat()).toEqual(dead);
  expect((await readPages(api, admin, "/deliveries?owner_id=*&limit=2")).flat()).toHaveLength(9);
  const { body } = await api("GET", "/deliveries?owner_id=berta", { key: admin });
  expect(body.data).toMatchObject([{ owner_id: "berta" }, { owner_id: "berta" }, { owner_id: "berta" }]);
  expect(idsOf((await api("GET", "/deliveries", { key: admin })).body)).toEqual([]);
});

test("an operator finds what failed, of all owners, and whose it is", async () => {
  for (const ownerId of ["anna", "berta"]) {
    await callBack(deps, await submitted(deps, { ownerId }), { status: "error", error: "no" });
    deps.advance(1);
  }
  const { body } = await api("GET", "/tasks?status=failed&owner_id=*", { key: admin });
  expect(body.data).toMatchObject([{ owner_id: "berta" }, { owner_id: "anna" }]);
});

test("an operator reads one owner's events and webhooks as that owner does", async () => {
  await api("POST", "/webhooks", { key: anna, body: leastWebhook });
  await api("POST", "/events", { key: anna, body: { type: "order.paid", payload: { order: 7 } } });
  for (const path of ["/events", "/webhooks", "//api/webhooks"]) {
    const own = await api("GET", path, { key: anna });
    expect(idsOf(own.body)).not.toEqual([]);
    expect((await api("GET", `${path}?owner_id=anna`, { key: admin })).body).toEqual(own.body);
    expect((await api("GET", path, { key: admin })).body).toMatchObject({ data: [] });
    const { status, body } = await api("GET", `${path}?owner_id=*`, { key: admin });
    expect([path, status, body.errors]).toMatchObject([path, 400, [{ field: "owner_id" }]]);
  }
});
