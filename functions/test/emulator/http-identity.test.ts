import { createApiClient, keyRef, newKey } from "../support/api-client.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

const allScopes = ["tasks:read", "tasks:write"] as const;
let taskId: string;
let key: string;
beforeAll(async () => {
  taskId = await submitted(deps, { ownerId: "anna" });
  key = await newKey(deps.db, "anna", allScopes);
});

test("anybody may ask whether the API is alive", async () => {
  const { status, body } = await api("GET", "/health");
  expect({ status, body }).toEqual({ status: 200, body: { status: "ok" } });
});

test.each<[string, Record<string, string>]>([
  ["nothing", {}],
  ["an unknown key", { "x-api-key": "nobody-has-this-one" }],
  ["an unknown key as Bearer", { authorization: "Bearer nobody-has-this-one" }],
  ["an empty key", { "x-api-key": "" }],
  ["an empty Bearer", { authorization: "Bearer " }],
  ["another scheme", { authorization: "Basic dXNlcjpwYXNzd29yZA==" }],
  ["a key in the wrong place", { cookie: "x-api-key=x" }],
])("a request with %s is not let in, and told how to be", async (_what, headers) => {
  const { status, headers: answered, body } = await api("GET", `/tasks/${taskId}`, { headers });
  expect(status).toBe(401);
  expect(answered.get("www-authenticate")).toBe('Bearer realm="boomerang"');
  expect(answered.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({ title: "Unauthorized", status: 401, code: "unauthenticated" });
  expect(body.detail).toEqual(expect.any(String));
});

test("without a key nobody learns which routes there are", async () => {
  expect((await api("GET", "/no-such-thing")).status).toBe(401);
  expect((await api("POST", "/tasks", { body: {} })).status).toBe(401);
});

test.each<[string, (known: string) => Record<string, string>]>([
  ["X-API-Key", (known) => ({ "x-api-key": known })],
  ["Authorization: Bearer", (known) => ({ authorization: `Bearer ${known}` })],
  ["bearer in lower case", (known) => ({ authorization: `bearer  ${known}` })],
])("a key is taken as %s", async (_what, headers) => {
  const { status, body } = await api("GET", `/tasks/${taskId}`, { headers: headers(key) });
  expect({ status, id: body.id }).toEqual({ status: 200, id: taskId });
});

test("a key is known by its hash only: the hash itself opens nothing", async () => {
  expect((await api("GET", `/tasks/${taskId}`, { key: keyRef(deps.db, key).id })).status).toBe(401);
});

test("a key whose document names no owner opens nothing", async () => {
  await keyRef(deps.db, "ownerless-key").create({ scopes: allScopes });
  expect((await api("GET", `/tasks/${taskId}`, { key: "ownerless-key" })).status).toBe(401);
});

test("a key whose document lists no scopes may do nothing", async () => {
  await keyRef(deps.db, "scopeless-key").create({ ownerId: "anna" });
  expect((await api("GET", `/tasks/${taskId}`, { key: "scopeless-key" })).status).toBe(403);
});

test("a key counts for a while without being looked up, and a deleted one stops within a minute", async () => {
  const own = createTestDeps(deps.db);
  const ask = createApiClient(own);
  const shortLived = await newKey(deps.db, "anna", allScopes);
  expect((await ask("GET", `/tasks/${taskId}`, { key: shortLived })).status).toBe(200);
  await keyRef(deps.db, shortLived).delete();
  expect((await ask("GET", `/tasks/${taskId}`, { key: shortLived })).status).toBe(200);
  own.advance(60_000);
  expect((await ask("GET", `/tasks/${taskId}`, { key: shortLived })).status).toBe(401);
});

test("a key that was refused is taken as soon as it exists", async () => {
  expect((await api("GET", `/tasks/${taskId}`, { key: "made-later" })).status).toBe(401);
  await keyRef(deps.db, "made-later").create({ ownerId: "anna", scopes: allScopes });
  expect((await api("GET", `/tasks/${taskId}`, { key: "made-later" })).status).toBe(200);
});

test.each<[string, string, (id: string) => string, readonly ("tasks:read" | "tasks:write" | "webhooks")[], string]>([
  ["submits", "POST", () => "/tasks", ["tasks:read", "webhooks"], "tasks:write"],
  ["reads", "GET", (id) => `/tasks/${id}`, ["tasks:write", "webhooks"], "tasks:read"],
  ["cancels", "POST", (id) => `/tasks/${id}/cancel`, ["tasks:read", "webhooks"], "tasks:write"],
  ["retries", "POST", (id) => `/tasks/${id}/retry`, ["tasks:read", "webhooks"], "tasks:write"],
  ["resolves", "POST", (id) => `/tasks/${id}/resolve`, ["tasks:read", "tasks:write", "webhooks"], "admin"],
])("only a key with the scope for it %s tasks", async (_what, method, path, scopes, missing) => {
  const narrow = await newKey(deps.db, "anna", scopes);
  const body = method === "POST" ? { service: "any" } : undefined;
  const answer = await api(method, path(taskId), { key: narrow, body });
  expect(answer.status).toBe(403);
  expect(answer.body).toMatchObject({ code: "forbidden", detail: `This needs the scope ${missing}.` });
});

test("a scope that does not exist grants nothing", async () => {
  await keyRef(deps.db, "odd-scopes").create({ ownerId: "anna", scopes: ["tasks", "tasks:*", "*", "tasks:reader"] });
  expect((await api("GET", `/tasks/${taskId}`, { key: "odd-scopes" })).status).toBe(403);
});

test("another owner's task does not exist, with any scope but admin", async () => {
  const other = await newKey(deps.db, "ben", ["tasks:read", "tasks:write", "webhooks"]);
  for (const [method, path] of [
    ["GET", `/tasks/${taskId}`],
    ["POST", `/tasks/${taskId}/cancel`],
    ["POST", `/tasks/${taskId}/retry`],
  ] as const) {
    const answer = await api(method, path, { key: other });
    expect([path, answer.status, answer.body.code]).toEqual([path, 404, "task_not_found"]);
    const missing = await api(method, path.replace(taskId, "no-such-task"), { key: other });
    const same = { ...answer.body, request_id: missing.body.request_id };
    expect(JSON.stringify(same).replaceAll(taskId, "no-such-task")).toBe(missing.text);
  }
  expect((await api("GET", `/tasks/${taskId}`, { key })).body.status).toBe("pending");
});

test("an admin sees everybody's tasks and needs no other scope", async () => {
  const admin = await newKey(deps.db, "operator", ["admin"]);
  expect((await api("GET", `/tasks/${taskId}`, { key: admin })).body.id).toBe(taskId);
});

test("a key is never logged", async () => {
  await api("GET", "/tasks/x", { key: "unknown-key-0001" });
  await api("GET", "/tasks/x", { headers: { authorization: "Bearer unknown-key-0002" } });
  await api("GET", "/tasks/x", { key });
  const log = JSON.stringify(deps.logged);
  expect(log).toContain("api: refused");
  for (const secret of ["unknown-key-0001", "unknown-key-0002", key]) expect(log).not.toContain(secret);
});
