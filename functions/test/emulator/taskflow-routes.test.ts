import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createApiClient, newKey } from "../support/api-client.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { runQueue, triggerEvent } from "../support/webhook-api.ts";

/** TaskFlow's guide, word for word: its requests work at /api/webhooks with nothing but the host and the key changed. */
const requests = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/taskflow-requests.json"), "utf8"));

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
const secret = requests.create.secret_token;
const receiver = receiverOfFile({ secret });
let key: string;
let made = 0;

beforeEach(async () => {
  made += 1;
  key = await newKey(deps.db, `owner-${made}`, ["webhooks"]);
});
afterAll(() => deps.db.terminate());

const flow = (method: string, path: string, body?: unknown) => api(method, `//api/webhooks${path}`, { key, body });

test("a webhook is made, listed, updated and deleted as the guide says, in TaskFlow's format", async () => {
  const created = await flow("POST", "", requests.create);
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ ...requests.create, is_active: true, format: "taskflow" });
  const { id } = created.body;
  expect(created.headers.get("location")).toBe(`/api/webhooks/${id}`);
  deps.advance(1);
  expect((await flow("POST", "", requests.createForSlack)).body).toMatchObject(requests.createForSlack);

  const list = await flow("GET", "");
  expect([list.status, list.body.data]).toMatchObject([200, [{ id }, { name: "Slack Notifications" }]]);
  const updated = await flow("PATCH", `/${id}`, requests.update);
  const { secret_token, ...kept } = requests.create;
  expect([updated.status, updated.body]).toMatchObject([200, { ...kept, ...requests.update }]);
  expect((await flow("GET", `/${id}`)).body).toEqual(updated.body);
  expect((await flow("DELETE", `/${id}`)).status).toBe(204);
  expect((await flow("GET", "")).body.data).toHaveLength(1);
});

test("it is the same webhook under /api/v1, where a new one has the standard format", async () => {
  const { id } = (await flow("POST", "", requests.create)).body;
  expect((await api("GET", `/webhooks/${id}`, { key })).body).toMatchObject({ id, format: "taskflow" });
  const other = await api("POST", "/webhooks", { key, body: { ...requests.create, name: "Other" } });
  expect(other.body.format).toBe("standard");
  expect((await flow("PATCH", `/${other.body.id}`, requests.update)).body.format).toBe("standard");
  const chosen = await flow("POST", "", { ...requests.create, name: "Chosen", format: "slack" });
  expect(chosen.body.format).toBe("slack");
});

test("the guide's test request arrives signed, in the guide's shape", async () => {
  const { id } = (await flow("POST", "", requests.create)).body;
  await flow("PATCH", `/${id}`, { url: `${receiver.url}/webhook` });
  const { status, body } = await flow("POST", `/${id}/test`, requests.test);
  expect([status, body]).toMatchObject([200, { delivered: true, status_code: 200, error: null }]);
  const [request] = receiver.received();
  expect(request?.headers).toMatchObject({
    "content-type": "application/json",
    "x-custom-header": "value",
    "x-taskflow-event": "job.completed",
    "x-taskflow-delivery-id": expect.stringMatching(/./),
    "x-taskflow-signature": expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
  });
  expect(request?.verified).toBe(true);
  expect(request?.body).toMatchObject({
    type: "job.completed",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    payload: { job_id: expect.any(String), result: requests.test.sample_data },
  });
});

test("the guide's delivery history has the failed ones, with their errors", async () => {
  const own = { ...requests.create, url: `${receiver.url}/status/500`, events: ["request.created"], retry_count: 0 };
  const { id } = (await flow("POST", "", own)).body;
  const { body: event } = await api("POST", "/events", {
    key,
    body: { type: "request.created", payload: { request_id: 123 } },
  });
  await triggerEvent(deps, event.id);
  await runQueue(deps);
  const { status, body } = await flow("GET", `/${id}/deliveries${requests.deliveries}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ page: 1, data: [{ event_type: "request.created", attempts: [{ status_code: 500 }] }] });
  expect(receiver.received()).toMatchObject([{ body: { type: "request.created", request_id: 123 } }]);
});
