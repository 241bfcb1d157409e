import { getApps } from "firebase-admin/app";
import { newKey } from "../support/api-client.ts";
import { type ProductionRuntime, startProductionRuntime } from "../support/production-runtime.ts";
import { sendRaw } from "../support/raw-http.ts";
import { newSecret, newTestFirestore } from "../support/test-deps.ts";

// What no client library would send, on the runtime that production has. It is refused, and the next request is served.
const db = newTestFirestore();
let runtime: ProductionRuntime;
let key: string;

beforeAll(async () => {
  key = await newKey(db, "anna", ["tasks:read", "tasks:write", "webhooks"]);
  runtime = await startProductionRuntime("api", {
    GCLOUD_PROJECT: getApps()[0]?.options.projectId ?? "",
    FUNCTIONS_EMULATOR: "true",
    BOOMERANG_SECRET: newSecret(),
  });
}, 60_000);
afterAll(async () => {
  await runtime.stop();
  await db.terminate();
});

type Parts = { method?: string; target?: string; version?: string; headers?: readonly string[]; body?: string };

function request({
  method = "GET",
  target = "/api/v1/tasks/x",
  version = "1.1",
  headers = [],
  body = "",
}: Parts): Buffer {
  const head = [
    `${method} ${target} HTTP/${version}`,
    "Host: api",
    `X-API-Key: ${key}`,
    "Connection: close",
    ...headers,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

const json = "Content-Type: application/json";
const post = { method: "POST", target: "/api/v1/webhooks" };

test.each<[what: string, parts: Parts, statuses: readonly number[]]>([
  ["broken percent-encoding", { target: "/api/v1/tasks/%zz%" }, [404]],
  ["percent-encoding that is no UTF-8", { target: "/api/v1/tasks/%ff%fe?status=%ff" }, [400, 404]],
  ["an encoded NUL", { target: "/api/v1/tasks/%00" }, [404]],
  ["a broken query", { target: "/api/v1/events?hours=%zz&&=&hours" }, [400]],
  ["a parameter twice", { target: "/api/v1/events?hours=1&hours=2" }, [200, 400]],
  ["a target that climbs", { target: "/api/v1/tasks/../../../../etc/passwd" }, [404]],
  ["a target that climbs, encoded", { target: "/api/v1/tasks/%2e%2e%2f%2e%2e%2fapiKeys" }, [404]],
  ["two slashes", { target: "//evil.example/api/v1/tasks" }, [404]],
  ["an absolute target", { target: "http://evil.example/api/v1/tasks/x" }, [400, 404]],
  ["a target of 15 KB", { target: `/api/v1/tasks/${"x".repeat(15_000)}` }, [404]],
  ["bytes beyond ASCII", { target: "/api/v1/tasks/\xe9\xff" }, [400, 404]],
  ["an asterisk", { method: "OPTIONS", target: "*" }, [400, 404, 405]],
  ["a method that is none of ours", { method: "PROPFIND" }, [405]],
  ["a method that nobody knows", { method: "EVIL" }, [400]],
  ["headers of 100 KB", { headers: [`X-Large: ${"x".repeat(100_000)}`] }, [431]],
  ["two thousand headers", { headers: Array.from({ length: 2_000 }, (_, at) => `X-${at}: 1`) }, [404, 431]],
  ["a second key", { headers: ["X-API-Key: another"] }, [401]],
  [
    "two Idempotency-Keys",
    { ...post, target: "/api/v1/events", headers: ["Idempotency-Key: a", "Idempotency-Key: b", json] },
    [400],
  ],
  ["a request id with a line break", { headers: ["X-Request-Id: a\nX-Injected: 1"] }, [400, 404]],
  ["no body where one is needed", { ...post, headers: [json] }, [400]],
  ["a body that is not JSON", { ...post, headers: [json, "Content-Length: 5"], body: '{"a":' }, [400]],
  ["two lengths", { ...post, headers: [json, "Content-Length: 2", "Content-Length: 9"], body: "{}" }, [400]],
  [
    "a length and chunks",
    { ...post, headers: [json, "Content-Length: 2", "Transfer-Encoding: chunked"], body: "0\r\n\r\n" },
    [400],
  ],
  ["a negative length", { ...post, headers: [json, "Content-Length: -1"], body: "{}" }, [400]],
  ["chunks", { ...post, headers: [json, "Transfer-Encoding: chunked"], body: "2\r\n{}\r\n0\r\n\r\n" }, [400]],
  ["broken chunks", { ...post, headers: [json, "Transfer-Encoding: chunked"], body: "zz\r\n{}\r\n" }, [400]],
  ["a compressed body", { ...post, headers: [json, "Content-Encoding: gzip", "Content-Length: 2"], body: "{}" }, [415]],
  ["an expectation", { ...post, headers: [json, "Expect: 100-continue", "Content-Length: 2"], body: "{}" }, [100, 400]],
  ["an old version", { version: "1.0" }, [404]],
  ["a version that is none", { version: "9.9" }, [400]],
])("%s", async (_what, parts, statuses) => {
  const { status, text } = await sendRaw(runtime.url, request(parts));
  expect(statuses).toContain(status);
  expect(text).not.toMatch(/node_modules|\bat \S+ \(|\.[tj]s:\d|x-injected: 1|root:/i);
  const health = await fetch(`${runtime.url}/api/v1/health`);
  expect(health.status).toBe(200);
});

test("a body that stops in the middle holds up nobody else", async () => {
  const stuck = sendRaw(runtime.url, request({ ...post, headers: [json, "Content-Length: 100"], body: "{" }));
  const next = fetch(`${runtime.url}/api/v1/health`).then(({ status }) => status);
  expect(await Promise.race([stuck.then(() => "answered"), next])).toBe(200);
});
