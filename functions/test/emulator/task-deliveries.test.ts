import { createApiClient, newKey } from "../support/api-client.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { storeDelivery } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

const idsOf = (body: Readonly<Record<string, unknown>>) => (body.data as { id: string }[]).map(({ id }) => id);

test("a task's deliveries are listed newest first, page by page, to its owner only", async () => {
  const taskId = await submitted(deps, { ownerId: "anna" });
  const own = await newKey(deps.db, "anna", ["tasks:read"]);
  const other = await newKey(deps.db, "berta", ["tasks:read"]);
  const now = deps.now();
  const stored: string[] = [];
  for (const n of [1, 2, 3]) {
    const status = n === 2 ? "dead" : "delivered";
    stored.push(await storeDelivery(deps, n, { ownerId: "anna", webhookId: null, taskId, status }, now + n));
  }
  await storeDelivery(deps, 4, { ownerId: "anna", webhookId: null, taskId: "another" }, now);

  const first = await api("GET", `/tasks/${taskId}/deliveries?limit=2`, { key: own });
  expect([first.status, idsOf(first.body)]).toEqual([200, [stored[2], stored[1]]]);
  const cursor = String(first.body.next_cursor);
  const rest = await api("GET", `/tasks/${taskId}/deliveries?limit=2&cursor=${cursor}`, { key: own });
  expect([idsOf(rest.body), rest.body.next_cursor]).toEqual([[stored[0]], null]);

  const dead = await api("GET", `/tasks/${taskId}/deliveries?status=dead`, { key: own });
  expect(idsOf(dead.body)).toEqual([stored[1]]);
  expect((await api("GET", `/tasks/${taskId}/deliveries`, { key: other })).status).toBe(404);
  expect((await api("GET", `/tasks/${taskId}/deliveries?cursor=${"dlv_"}${"0".repeat(32)}`, { key: own })).status).toBe(
    400,
  );
});
