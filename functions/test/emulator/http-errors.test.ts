import { createApp } from "../../src/http/app.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let key: string;
beforeAll(async () => {
  key = await newKey(deps.db, "anna", ["admin"]);
});

test.each([
  ["GET", "/nothing"],
  ["GET", "/x/y"],
  ["GET", "/tasks/a/b/c"],
  ["GET", "/tasks/a/constructor"],
  ["POST", "/tasks/a/delete"],
  ["GET", "//"],
  ["GET", "//api"],
  ["GET", "//api/v2/tasks"],
  ["POST", "//tasks"],
])("%s %s, which there is not, is a 404 that says so", async (method, path) => {
  const { status, headers, body } = await api(method, path, { key });
  expect([status, headers.get("content-type")]).toEqual([404, "application/problem+json"]);
  const asked = path.startsWith("//") ? path.slice(1) : `/api/v1${path}`;
  const known = { type: "about:blank", title: "Not Found", status: 404, code: "not_found" };
  const request_id = headers.get("x-request-id");
  expect(body).toEqual({ ...known, detail: `There is no ${method} ${asked}.`, request_id });
});

test.each([
  ["PUT", "/tasks", "GET, HEAD, POST"],
  ["OPTIONS", "/tasks", "GET, HEAD, POST"],
  ["DELETE", "/tasks/a", "GET, HEAD"],
  ["PATCH", "/tasks/a/", "GET, HEAD"],
  ["GET", "/tasks/a/cancel", "POST"],
  ["POST", "/health", "GET, HEAD"],
  ["PUT", "//api/webhooks/a", "DELETE, GET, HEAD, PATCH"],
  ["POST", "//api/openapi.json", "GET, HEAD"],
])("%s %s is a 405 that says which methods there are", async (method, path, allowed) => {
  const { status, headers, body } = await api(method, path, { key });
  expect([status, body.code, headers.get("allow")]).toEqual([405, "method_not_allowed", allowed]);
  expect(body.detail).toContain(`takes ${allowed}, not ${method}.`);
});

test("every answer names its request, by the caller's own id where that is one", async () => {
  const own = await api("GET", "/health", { headers: { "x-request-id": "build-7.a_1" } });
  expect(own.headers.get("x-request-id")).toBe("build-7.a_1");
  const refused = await api("GET", "/tasks/none", { key, headers: { "x-request-id": "build-8" } });
  expect([refused.headers.get("x-request-id"), refused.body.request_id]).toEqual(["build-8", "build-8"]);
  for (const odd of ["", "a b", "x".repeat(129), '{"a":1}']) {
    const answer = await api("GET", "/health", { headers: { "x-request-id": odd } });
    expect(answer.headers.get("x-request-id")).toMatch(/^[\da-f]{8}-/);
  }
});

test("HEAD answers as GET does, without a body", async () => {
  const id = await submitted(deps);
  const head = await api("HEAD", `/tasks/${id}`, { key });
  expect([head.status, head.text]).toEqual([200, ""]);
  expect([(await api("HEAD", "/tasks/none", { key })).status, (await api("HEAD", "/health")).status]).toEqual([
    404, 200,
  ]);
  expect((await api("HEAD", `/tasks/${id}`)).status).toBe(401);
});

test("no answer lets another site's page read it", async () => {
  const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
  for (const [method, path] of [
    ["GET", "/health"],
    ["GET", "/tasks/x"],
  ] as const) {
    const answer = await api(method, path, { key, headers });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  }
});

test("what goes wrong with us is a 500 that says nothing of how, and the log says it", async () => {
  const broken = createTestDeps(deps.db, {
    services: {
      find: () => {
        throw new TypeError("password=hunter2 at /srv/x.js:1:1");
      },
      forget: () => {},
    },
  });
  const { status, headers, text, body } = await createApiClient(broken)("POST", "/tasks", {
    key,
    body: { service: "a" },
  });
  expect([status, headers.get("content-type")]).toEqual([500, "application/problem+json"]);
  expect(body).toEqual({
    type: "about:blank",
    title: "Internal Server Error",
    status: 500,
    code: "internal",
    detail: "Something went wrong with us, not with your request. Try again in a moment.",
    request_id: headers.get("x-request-id"),
  });
  expect(text).not.toContain("hunter2");
  const logged = broken.logged.find(({ level }) => level === "error");
  expect(logged).toMatchObject({ message: "api: failed", fields: { path: "/api/v1/tasks", status: 500 } });
  expect(JSON.stringify(logged)).toContain("hunter2 at /srv/x.js");
});

test("a request is one line in the log, with its id, path and code, and no query", async () => {
  await api("GET", "/tasks/none?token=hunter2", { key, headers: { "x-request-id": "r-1" } });
  const known = { requestId: "r-1", method: "GET", path: "/api/v1/tasks/none", route: "/api/v1/tasks/{id}" };
  expect(deps.logged.at(-1)).toEqual({
    level: "info",
    message: "api: refused",
    fields: { ...known, status: 404, errorCode: "task_not_found", durationMs: expect.any(Number) },
  });
});

test("a path that is no address at all does no harm", async () => {
  for (const path of ["/api/v1/%c0%ae%c0%ae/tasks", "/api/v1//tasks", "/api//v1/tasks", "/%", "/api/v1/tasks%00"]) {
    const response = await createApp(deps).request(path, { headers: { "x-api-key": key } });
    expect([path, response.status]).toEqual([path, 404]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
});
