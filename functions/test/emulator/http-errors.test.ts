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
  ["GET", "/"],
  ["GET", "/tasks/a/b/c"],
  ["GET", "/tasks/a/constructor"],
  ["POST", "/tasks/a/delete"],
  ["PUT", "/tasks"],
  ["DELETE", "/tasks/a"],
  ["PATCH", "/tasks/a"],
  ["GET", "/tasks/a/cancel"],
  ["OPTIONS", "/tasks"],
  ["POST", "/health"],
  ["GET", "//"],
  ["GET", "//api"],
  ["GET", "//api/v2/tasks"],
  ["POST", "//tasks"],
])("%s %s, which there is not, is a 404 that says so", async (method, path) => {
  const { status, headers, body } = await api(method, path, { key });
  expect([status, headers.get("content-type")]).toEqual([404, "application/problem+json"]);
  const asked = path.startsWith("//") ? path.slice(1) : `/api/v1${path}`;
  const known = { type: "about:blank", title: "Not Found", status: 404, code: "not_found" };
  expect(body).toEqual({ ...known, detail: `There is no ${method} ${asked}.` });
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
    ["OPTIONS", "/tasks"],
    ["GET", "/tasks/x"],
  ] as const) {
    const answer = await api(method, path, { key, headers });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  }
});

test("what goes wrong with us is a 500 that says nothing of how, and the log says it", async () => {
  const broken = createTestDeps(deps.db, {
    findService: () => {
      throw new TypeError("password=hunter2 at /srv/x.js:1:1");
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
  });
  expect(text).not.toContain("hunter2");
  const logged = broken.logged.find(({ level }) => level === "error");
  expect(logged).toMatchObject({ message: "api: failed", fields: { path: "/api/v1/tasks", status: 500 } });
  expect(JSON.stringify(logged)).toContain("hunter2 at /srv/x.js");
});

test("a refused request is logged with its path and code, and no query", async () => {
  await api("GET", "/tasks/none?token=hunter2", { key });
  expect(deps.logged.at(-1)).toEqual({
    level: "info",
    message: "api: refused",
    fields: { method: "GET", path: "/api/v1/tasks/none", status: 404, errorCode: "task_not_found" },
  });
});

test("a path that is no address at all does no harm", async () => {
  for (const path of ["/api/v1/%c0%ae%c0%ae/tasks", "/api/v1//tasks", "/api//v1/tasks", "/%", "/api/v1/tasks%00"]) {
    const response = await createApp(deps).request(path, { headers: { "x-api-key": key } });
    expect([path, response.status]).toEqual([path, 404]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
});
