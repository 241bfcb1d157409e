import { BoomerangError } from "../../src/domain/errors.ts";
import { parseFields } from "../../src/domain/validation.ts";
import { eventType, webhookBody, webhookPatch } from "../../src/webhooks/webhook-settings.ts";

const minimal = { name: "My Integration", url: "https://example.com/webhook", events: ["job.completed"] };
const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString("base64");

/** The fields that are refused, each with the reason; empty where the body is accepted. */
function refused(parse: () => unknown): Record<string, string> {
  try {
    parse();
    return {};
  } catch (error) {
    if (!(error instanceof BoomerangError)) throw error;
    expect([error.code, error.status]).toEqual(["validation_failed", 400]);
    return Object.fromEntries(error.errors.map(({ field, message }) => [field, message]));
  }
}

const created = (body: unknown) => parseFields(webhookBody("standard"), body);
const onCreate = (parts: Record<string, unknown>) => refused(() => created({ ...minimal, ...parts }));
const onChange = (parts: Record<string, unknown>) => refused(() => parseFields(webhookPatch, parts));

test("what is left out has the contract's defaults, and the format is the route's", () => {
  expect(created(minimal)).toEqual({
    ...minimal,
    description: null,
    headers: {},
    secret: undefined,
    retryCount: 3,
    timeoutSeconds: 30,
    isActive: true,
    format: "standard",
  });
  expect(parseFields(webhookBody("taskflow"), minimal).format).toBe("taskflow");
  expect(parseFields(webhookBody("taskflow"), { ...minimal, format: "slack" }).format).toBe("slack");
});

test("every field is taken as it is given", () => {
  const body = {
    ...minimal,
    description: "Notify my system",
    headers: { "X-Custom-Header": "value", Authorization: "Bearer token" },
    secret_token: "your-secret-token",
    retry_count: 0,
    timeout_seconds: 300,
    is_active: false,
    format: "morag",
  };
  expect(created(body)).toEqual({
    ...minimal,
    description: "Notify my system",
    headers: body.headers,
    secret: "your-secret-token",
    retryCount: 0,
    timeoutSeconds: 300,
    isActive: false,
    format: "morag",
  });
});

const accepted: readonly (readonly [string, unknown])[] = [
  ["name", "x"],
  ["name", "Größe 🪃"],
  ["name", "n".repeat(100)],
  ["url", `https://example.com/${"a".repeat(2_028)}`],
  ["events", ["*"]],
  ["events", ["job.*", "request.status.changed", "request.status.*", "my-app.v2_final"]],
  ["events", Array.from({ length: 50 }, (_, index) => `job.e${index}`)],
  ["events", [`a.${"b".repeat(98)}`]],
  ["description", ""],
  ["description", "d".repeat(1_000)],
  ["description", null],
  ["headers", {}],
  ["headers", null],
  ["headers", { "X-Empty": "", Cookie: "a=b", "User-Agent": "theirs", "x.y!z": "\ttab" }],
  ["headers", { "X-Long": "v".repeat(4_096) }],
  ["headers", Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`X-${index}`, "v"]))],
  ["secret_token", "12345678"],
  ["secret_token", "s".repeat(256)],
  ["secret_token", "!#$%&~+-"],
  ["secret_token", base64(8)],
  ["secret_token", `whsec_${base64(24)}`],
  ["secret_token", `whsec_${base64(64)}`],
  ["secret_token", null],
  ["retry_count", 0],
  ["retry_count", 10],
  ["timeout_seconds", 5],
  ["timeout_seconds", 300],
  ["is_active", false],
  ["format", "cloudevents"],
];

test.each(accepted)("%s may be %j", (field, value) => {
  expect(onCreate({ [field]: value })).toEqual({});
  expect(onChange({ [field]: value })).toEqual({});
});

const notAllowed: readonly (readonly [string, unknown, string?])[] = [
  ["name", ""],
  ["name", "   "],
  ["name", "n".repeat(101)],
  ["name", "a\u0000b"],
  ["name", "a\nb"],
  ["name", 7],
  ["name", null],
  ["url", ""],
  ["url", `https://example.com/${"a".repeat(2_029)}`],
  ["url", null],
  ["events", []],
  ["events", "job.completed"],
  ["events", [null], "events.0"],
  ["events", Array.from({ length: 51 }, (_, index) => `job.e${index}`)],
  ...[
    "",
    "job",
    "job.",
    ".completed",
    "job..completed",
    "**",
    "*.completed",
    "job.*.x",
    "job.comp*",
    "job*",
    "1.2",
  ].map((pattern) => ["events", ["job.failed", pattern], "events.1"] as const),
  ...["job.completed\n", " job.completed", "job.completed ", "jöb.done", "job/x.y", "a.__proto__.$", "(a+)+.b"].map(
    (pattern) => ["events", [pattern], "events.0"] as const,
  ),
  ["events", [`a.${"b".repeat(99)}`], "events.0"],
  ["description", "d".repeat(1_001)],
  ["description", 7],
  ["headers", []],
  ["headers", "X-A: b"],
  ["headers", Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`X-${index}`, "v"]))],
  ["headers", { "X-A": "1", "x-a": "2" }],
  ["headers", { "X-Number": 7 }, "headers.X-Number"],
  ["headers", { "X-Long": "v".repeat(4_097) }, "headers.X-Long"],
  ...["a\r\nX-Injected: yes", "a\nb", "a\u0000b", "ö", "🪃", "\u007f"].map(
    (value) => ["headers", { "X-A": value }, "headers.X-A"] as const,
  ),
  ...["", "X A", "X-A:", "X-A\r\nX-B", "X-Ö", "n".repeat(101)].map(
    (name) => ["headers", { [name]: "v" }, `headers.${name}`] as const,
  ),
  ...(
    "content-type Content-Length CONTENT-ENCODING host Connection Keep-Alive transfer-encoding TE Trailer upgrade expect " +
    "accept-encoding Proxy-Authorization proxy-connection webhook-id Webhook-Timestamp WEBHOOK-SIGNATURE webhook-anything " +
    "X-TaskFlow-Event x-taskflow-signature X-Signature"
  )
    .split(" ")
    .map((name) => ["headers", { [name]: "v" }, `headers.${name}`] as const),
  ["secret_token", "1234567"],
  ["secret_token", "s".repeat(257)],
  ["secret_token", "with a space"],
  ["secret_token", "gr\u00f6\u00dfe-gr\u00f6\u00dfe"],
  ["secret_token", "line\nline\nline"],
  ["secret_token", ""],
  ["secret_token", "whsec_this-is-not-base64!"],
  ["secret_token", `whsec_${base64(23)}`],
  ["secret_token", `whsec_${base64(65)}`],
  ["secret_token", `whsec_${base64(25).replace(/=+$/, "")}`],
  ["secret_token", `whsec_${Buffer.alloc(24, 0xff).toString("base64url").replaceAll("/", "_")}-`],
  ["secret_token", "whsec_whsec_"],
  ["retry_count", -1],
  ["retry_count", 11],
  ["retry_count", 2.5],
  ["retry_count", "3"],
  ["retry_count", null],
  ["timeout_seconds", 4],
  ["timeout_seconds", 301],
  ["timeout_seconds", 30.5],
  ["timeout_seconds", "30"],
  ["is_active", "true"],
  ["is_active", 1],
  ["is_active", null],
  ["format", "xml"],
  ["format", ""],
  ["format", null],
  ["id", "mine"],
  ["owner_id", "somebody"],
  ["secret", "your-secret-token"],
  ["failing_since", null],
];

/** Each with the field that is named; the same one, unless the entry says which part of it. */
const refusals = notAllowed.map(([field, value, at]) => [field, value, at ?? field] as const);

test.each(refusals)("%s must not be %j", (field, value, at) => {
  expect(Object.keys(onCreate({ [field]: value }))).toEqual([at]);
  expect(Object.keys(onChange({ [field]: value }))).toEqual([at]);
});

test.each(["name", "url", "events"])("%s is required of a new webhook", (field) => {
  const { [field as "name"]: _left, ...rest } = minimal;
  expect(Object.keys(refused(() => created(rest)))).toEqual([field]);
});

test.each([null, [], "text", 7])("%j is no webhook", (body) => {
  expect(Object.keys(refused(() => created(body)))).toEqual(["body"]);
});

test("a name is taken without the blanks around it", () => {
  expect(created({ ...minimal, name: "  My hook " }).name).toBe("My hook");
});

test("no message repeats a secret", () => {
  const { secret_token: message } = onCreate({ secret_token: "whsec_sesame-open" });
  expect(message).toBe("must be 24 to 64 bytes in base64 after whsec_; leave it out to be given one");
});

test("every wrong field is named at once", () => {
  expect(Object.keys(onCreate({ name: "", retry_count: 99, surprise: 1 })).sort()).toEqual([
    "name",
    "retry_count",
    "surprise",
  ]);
});

test.each([
  [{ name: "New" }, { name: "New" }],
  [{ url: "https://example.org" }, { url: "https://example.org" }],
  [{ events: ["*"] }, { events: ["*"] }],
  [{ description: null }, { description: null }],
  [{ headers: { "X-A": "b" } }, { headers: { "X-A": "b" } }],
  [{ headers: null }, { headers: {} }],
  [{ secret_token: "your-secret-token" }, { secret: "your-secret-token" }],
  [{ secret_token: null }, {}],
  [{ retry_count: 0 }, { retryCount: 0 }],
  [{ timeout_seconds: 5 }, { timeoutSeconds: 5 }],
  [{ is_active: false }, { isActive: false }],
  [{ format: "slack" }, { format: "slack" }],
  [{}, {}],
])("a change of %j changes just %j", (body, changes) => {
  const parsed = parseFields(webhookPatch, body);
  expect(parsed).toEqual(changes);
  expect(Object.keys(parsed)).toEqual(Object.keys(changes));
});

test.each(["job", "*", "job.*", "job.", "job completed", "", "x".repeat(101)])("%j is no event type", (type) => {
  expect(eventType.safeParse(type).success).toBe(false);
});

test("a long hostile pattern is refused at once", () => {
  const startedAt = performance.now();
  expect(eventType.safeParse(`${"a.".repeat(50_000)}!`).success).toBe(false);
  expect(onCreate({ events: [`${"a-_".repeat(50_000)}!`] })).not.toEqual({});
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
