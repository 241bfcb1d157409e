import { createApiClient, newKey } from "../support/api-client.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { fieldsOf, leastWebhook } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
afterAll(() => deps.db.terminate());

let owners = 0;
let key: string;
beforeEach(async () => {
  owners += 1;
  key = await newKey(deps.db, `owner-${owners}`, ["webhooks"]);
});

const create = (parts: object = {}) => api("POST", "/webhooks", { key, body: { ...leastWebhook, ...parts } });
const names = (from: string, count: number) => Array.from({ length: count }, (_, index) => `${from}${index}`);
/** One case for each value that a field refuses. */
const each = (field: string, ...values: unknown[]) =>
  values.map((value): Case => [`${field} ${JSON.stringify(value)?.slice(0, 20)}`, { [field]: value }, [field]]);
type Case = [what: string, parts: object, fields: string[]];

test("what is at the bounds is taken", async () => {
  const longest = {
    name: "n".repeat(100),
    url: `https://example.com/${"p".repeat(2_028)}`,
    events: names("order.e", 50),
    description: "d".repeat(1_000),
    headers: Object.fromEntries(names("X-H", 20).map((name) => [name, "v".repeat(4_096)])),
    retry_count: 10,
    timeout_seconds: 300,
    secret_token: "s".repeat(256),
  };
  expect(await create(longest)).toMatchObject({ status: 201, body: longest });
  const smallest = { name: "n", retry_count: 0, timeout_seconds: 5, secret_token: "12345678" };
  expect(await create(smallest)).toMatchObject({ status: 201, body: smallest });
});

const reserved = [
  "Content-Type",
  "content-length",
  "Content-Encoding",
  "HOST",
  "Connection",
  "Transfer-Encoding",
  "Upgrade",
  "Expect",
  "Proxy-Authorization",
  "webhook-id",
  "Webhook-Signature",
  "X-TaskFlow-Signature",
  "X-Signature",
];

const wrong: Case[] = [
  ...each("name", "", "  ", "n".repeat(101), 7, null),
  ...each("url", undefined, "", `https://example.com/${"p".repeat(2_029)}`, 7),
  ...each("events", undefined, [], names("order.e", 51), "order.paid"),
  ...["", "*.paid", "order.", "order.**", "order paid", ".paid", "order.*.paid", 7].map(
    (event): Case => [`the event ${JSON.stringify(event)}`, { events: ["order.paid", event] }, ["events.1"]],
  ),
  ...each("description", "d".repeat(1_001), 7),
  ...reserved.map((name): Case => [`the header ${name}`, { headers: { [name]: "x" } }, [`headers.${name}`]]),
  ["a header with a space", { headers: { "X A": "x" } }, ["headers.X A"]],
  ["a header with a colon", { headers: { "X:A": "x" } }, ["headers.X:A"]],
  ["a header that ends the line", { headers: { "X-A": "x\r\nX-Injected: 1" } }, ["headers.X-A"]],
  ["a header beyond ASCII", { headers: { "X-A": "é" } }, ["headers.X-A"]],
  ["a header that is too long", { headers: { "X-A": "v".repeat(4_097) } }, ["headers.X-A"]],
  ["a number as header", { headers: { "X-A": 7 } }, ["headers.X-A"]],
  ["too many headers", { headers: Object.fromEntries(names("X-H", 21).map((name) => [name, "v"])) }, ["headers"]],
  ...each("secret_token", "1234567", "s".repeat(257), "with a space", "gêheimnis"),
  ...each("retry_count", -1, 11, 1.5, "3", null),
  ...each("timeout_seconds", 4, 301, 5.5, "30", null),
  ...each("is_active", "yes", 1),
  ...each("format", "xml", null),
  ["a field of ours", { id: "mine", owner_id: "other" }, ["id", "owner_id"]],
  ["several fields", { name: "", retry_count: 99, secret: "x" }, ["name", "retry_count", "secret"]],
];

test("a refusal says of each field what it must be", async () => {
  const parts = { headers: { Host: "x" }, events: ["a b"], retry_count: 11, is_actve: true };
  const { body } = await create(parts);
  expect(body).toMatchObject({ title: "Bad Request", status: 400, detail: expect.stringContaining("retry_count") });
  expect(body.errors).toEqual(
    expect.arrayContaining([
      { field: "headers.Host", message: "is a header that we set ourselves" },
      { field: "events.0", message: 'must be an event type, "prefix.*" or "*"' },
      { field: "retry_count", message: expect.stringContaining("10") },
      { field: "is_actve", message: "is not a known field" },
    ]),
  );
});

test.each(wrong)("%s is refused, naming the field, in a new webhook and in a change", async (_what, parts, fields) => {
  const created = await create(parts);
  expect([created.status, created.body.code, fieldsOf(created)]).toEqual([400, "validation_failed", fields]);
  expect(created.headers.get("content-type")).toBe("application/problem+json");
  // What is missing is wrong in a new one only.
  if (JSON.stringify(parts) === "{}") return;
  const changed = await api("PATCH", "/webhooks/any", { key, body: parts });
  expect([changed.status, fieldsOf(changed)]).toEqual([400, fields]);
});

test.each([
  "not a url",
  "ftp://example.com/",
  "http://10.0.0.1/",
  "https://169.254.169.254/latest/meta-data",
  "https://user:password@example.com/",
  "https://internal-service/",
  "https://example.com/a\nb",
])("the url %j is refused, in a new webhook and in a change", async (url) => {
  const { body } = await create();
  const answers = [
    await create({ name: "Other", url }),
    await api("PATCH", `/webhooks/${body.id}`, { key, body: { url } }),
  ];
  for (const answer of answers) expect([answer.status, answer.body.code]).toEqual([422, "url_not_allowed"]);
  expect((await api("GET", `/webhooks/${body.id}`, { key })).body.url).toBe(leastWebhook.url);
});
