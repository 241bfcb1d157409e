import { providerNames } from "../../src/providers/index.ts";
import { fieldsOf } from "../support/api-client.ts";
import { serviceRoutesOfFile, url } from "../support/service-routes.ts";

const { ask, put, newName, stored } = serviceRoutesOfFile();

test.each<[string, object, string[]]>([
  ["no url", {}, ["url"]],
  ["an empty url", { url: "" }, ["url"]],
  ["a url that is no text", { url: 7 }, ["url"]],
  ["an unknown provider", { url, provider: "morse" }, ["provider"]],
  ["a provider that is no text", { url, provider: null }, ["provider"]],
  ["an unknown mode", { url, mode: "poll" }, ["mode"]],
  ["params that are a list", { url, params: [] }, ["params"]],
  ["params that are too large", { url, params: { text: "x".repeat(256 * 1_024) } }, ["params"]],
  ["no time at all", { url, timeout_seconds: 0, heartbeat_seconds: 0 }, ["timeout_seconds", "heartbeat_seconds"]],
  ["more than a week", { url, timeout_seconds: 604_801 }, ["timeout_seconds"]],
  ["too many retries", { url, max_retries: 11 }, ["max_retries"]],
  ["half a retry", { url, max_retries: 0.5 }, ["max_retries"]],
  ["retries at once", { url, retry_delay_seconds: 0 }, ["retry_delay_seconds"]],
  ["an empty prefix", { url, event_prefix: "" }, ["event_prefix"]],
  ["a prefix with a tilde", { url, event_prefix: "a~b" }, ["event_prefix"]],
  ["a prefix with a slash", { url, event_prefix: "a/b" }, ["event_prefix"]],
  ["a prefix with a question mark", { url, event_prefix: "a?b" }, ["event_prefix"]],
  ["a prefix in capitals", { url, event_prefix: "Video" }, ["event_prefix"]],
  ["a prefix that ends with a dot", { url, event_prefix: "video." }, ["event_prefix"]],
  ["a prefix with a line break", { url, event_prefix: "video\n" }, ["event_prefix"]],
  ["a long prefix", { url, event_prefix: "a".repeat(51) }, ["event_prefix"]],
  ["a line break in auth", { url, auth: "Bearer x\r\nX-Evil: 1" }, ["auth"]],
  ["auth that no header holds", { url, auth: "Bearer ü" }, ["auth"]],
  ["auth of spaces", { url, auth: " " }, ["auth"]],
  ["an empty auth", { url, auth: "" }, ["auth"]],
  ["a long auth", { url, auth: "x".repeat(8_193) }, ["auth"]],
  ["a short secret", { url, secret: "short" }, ["secret"]],
  ["a secret that only looks like one", { url, secret: "whsec_short" }, ["secret"]],
  ["an unknown field", { url, sealedAuth: "v1.x", created_at: "2026-01-01T00:00:00Z" }, ["sealedAuth", "created_at"]],
])("%s is refused by the field's name, and nothing is stored", async (_what, body, fields) => {
  const name = newName();
  const answer = await put(name, body);
  expect([answer.status, answer.body.code, fieldsOf(answer)]).toEqual([400, "validation_failed", fields]);
  expect(await stored(name)).toBeUndefined();
});

test("an unknown provider is told with those that there are", async () => {
  const { text } = await put(newName(), { url, provider: "morse" });
  for (const word of ["morse", ...providerNames]) expect(text).toContain(word);
});

test.each([
  "ftp://example.com/",
  "not a url",
  "http://10.0.0.1/",
  "https://user:pass@example.com/",
  "http://a.internal/",
])("the url %s is not allowed", async (given) => {
  const name = newName();
  const { status, body } = await put(name, { url: given });
  expect([status, body.code]).toEqual([422, "url_not_allowed"]);
  expect(await stored(name)).toBeUndefined();
});

test.each(["-x", ".x", "a%20b", "a%2Fb", "%C3%BC", "a~b", "x".repeat(101), "__x__"])(
  "the name %s is none",
  async (name) => {
    const answer = await put(name);
    expect([answer.status, fieldsOf(answer)]).toEqual([400, ["name"]]);
    for (const method of ["GET", "DELETE"]) {
      const missing = await ask(method, `/services/${name}`);
      expect([missing.status, missing.body.code]).toEqual([404, "service_not_found"]);
    }
  },
);
