import { createApiClient, newKey } from "../support/api-client.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { leastWebhook, storeDelivery } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
let stranger: string;
let reader: string;
let admin: string;
let id: string;
let replay: string;
let delivery: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["webhooks"]);
  stranger = await newKey(deps.db, "bob", ["webhooks", "tasks:read", "tasks:write"]);
  reader = await newKey(deps.db, "anna", ["tasks:read", "tasks:write"]);
  admin = await newKey(deps.db, "operator", ["admin"]);
  id = String((await api("POST", "/webhooks", { key, body: leastWebhook })).body.id);
  const since = "2026-01-01T00:00:00Z";
  replay = String((await api("POST", `/webhooks/${id}/replay`, { key, body: { since } })).body.id);
  delivery = await storeDelivery(deps, 1, { ownerId: "anna", webhookId: id }, deps.now());
});

type Route = [method: string, path: (id: string) => string, body?: unknown];
const routes: Route[] = [
  ["GET", (of) => `/webhooks/${of}`],
  ["PATCH", (of) => `/webhooks/${of}`, { retry_count: 9 }],
  ["POST", (of) => `/webhooks/${of}/rotate-secret`],
  ["POST", (of) => `/webhooks/${of}/test`, { event_type: "order.paid" }],
  ["GET", (of) => `/webhooks/${of}/deliveries`],
  ["POST", (of) => `/webhooks/${of}/replay`, { since: "2026-01-01T00:00:00Z" }],
  ["GET", (of) => `/webhooks/${of}/replays/${replay}`],
  ["DELETE", (of) => `/webhooks/${of}`],
];

test("to everybody else a webhook is not there, whatever they try, and stays as it is", async () => {
  const before = await api("GET", `/webhooks/${id}`, { key });
  for (const [method, path, body] of routes) {
    for (const base of ["", "//api"]) {
      const { status, body: problem } = await api(method, `${base}${path(id)}`, { key: stranger, body });
      expect([method, path(""), status, problem.code]).toEqual([method, path(""), 404, "webhook_not_found"]);
    }
  }
  const retried = await api("POST", `/deliveries/${delivery}/retry`, { key: stranger });
  expect([retried.status, retried.body.code]).toEqual([404, "delivery_not_found"]);
  expect((await api("GET", "/deliveries", { key: stranger })).body.data).toEqual([]);
  expect((await api("GET", `/webhooks/${id}`, { key })).body).toEqual(before.body);
});

test("without the scope webhooks every route is a 403, without a key a 401", async () => {
  const others: Route[] = [
    ["POST", () => "/webhooks", leastWebhook],
    ["GET", () => "/webhooks"],
    ["GET", () => "/deliveries"],
    ["POST", () => `/deliveries/${delivery}/retry`],
    ["POST", () => "/events", { type: "order.paid" }],
    ["GET", () => "/signing-secret"],
    ["GET", () => "//api/webhooks"],
    ["POST", () => "//api/webhooks", leastWebhook],
    ["GET", () => `//api/webhooks/${id}`],
  ];
  for (const [method, path, body] of [...routes, ...others]) {
    const forbidden = await api(method, path(id), { key: reader, body });
    expect([path(id), forbidden.status, forbidden.body.code]).toEqual([path(id), 403, "forbidden"]);
    const unknown = await api(method, path(id), { body });
    expect([path(id), unknown.status, unknown.body.code]).toEqual([path(id), 401, "unauthenticated"]);
  }
});

test("a replay of another webhook is not there", async () => {
  const other = await api("POST", "/webhooks", { key, body: { ...leastWebhook, name: "Other" } });
  const { status, body } = await api("GET", `/webhooks/${other.body.id}/replays/${replay}`, { key });
  expect([status, body.code]).toEqual([404, "replay_not_found"]);
});

const hostile = [
  "no-such-webhook",
  "%2e%2e%2fapiKeys%2fx",
  "a%2Fb",
  "%2F",
  "__name__",
  "__x__",
  "%00",
  "%0d%0aX-Injected:%201",
  "%ff",
  "x".repeat(1_501),
  "<script>alert(1)</script>",
  "*",
  "dlv_../../x",
  "first%2Fsecrets%2Fkey",
];

test.each(hostile)("an id like %s is a 404 on every route, with nothing of ours shown", async (bad) => {
  const paths = routes.map(([method, path, body]): Route => [method, () => path(bad), body]);
  paths.push(["POST", () => `/deliveries/${bad}/retry`], ["GET", () => `/webhooks/${id}/replays/${bad}`]);
  for (const [method, path, body] of paths) {
    const answer = await api(method, path(""), { key, body });
    expect([path(""), answer.status, answer.headers.get("x-injected")]).toEqual([path(""), 404, null]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.text).not.toMatch(/\bat \S+ \(|\.ts:|node_modules|Firestore|stack/);
  }
});

test("an admin reaches everybody's webhooks, but lists their own", async () => {
  for (const [method, path, body] of routes.filter(([method]) => method !== "DELETE")) {
    const { status } = await api(method, path(id), { key: admin, body });
    expect([path(id), status < 300]).toEqual([path(id), true]);
  }
  expect((await api("GET", "/webhooks", { key: admin })).body.data).toEqual([]);
  const retried = await api("POST", `/deliveries/${delivery}/retry`, { key: admin });
  expect([retried.status, retried.body.status]).toEqual([202, "pending"]);
  expect((await api("DELETE", `/webhooks/${id}`, { key: admin })).status).toBe(204);
  expect((await api("GET", `/webhooks/${id}`, { key })).status).toBe(404);
});
