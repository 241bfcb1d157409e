import { providerNames } from "../../src/providers/index.ts";
import { createApiClient, fieldsOf, newKey } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatched, dispatchNext } from "../support/dispatching.ts";
import { startService } from "../support/recording-service.ts";
import { readTask, trigger } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const deps = createTestDeps(db);
const api = createApiClient(deps);
afterAll(() => db.terminate());

const url = "https://example.com/jobs";
let key: string;
beforeAll(async () => {
  key = await newKey(db, "operator", ["admin"]);
});

let names = 0;
const newName = () => `service-${++names}`;
const put = (name: string, body: unknown = { url }) => api("PUT", `/services/${name}`, { key, body });
const stored = async (name: string) => (await db.doc(`services/${name}`).get()).data();
const submit = (service: string, as = api) => as("POST", "/tasks", { key, body: { service } });

test("a service is registered with the least, shown, listed and deleted", async () => {
  const name = newName();
  const made = await put(name);
  expect([made.status, made.headers.get("location")]).toEqual([201, `/api/v1/services/${name}`]);
  expect(made.body).toEqual({
    id: name,
    name,
    provider: "generic",
    url,
    mode: "callback",
    params: {},
    timeout_seconds: null,
    heartbeat_seconds: null,
    event_prefix: "task",
    max_retries: null,
    retry_delay_seconds: null,
    has_auth: false,
    has_secret: false,
    created_at: new Date(deps.now()).toISOString(),
    updated_at: new Date(deps.now()).toISOString(),
  });
  expect((await api("GET", `/services/${name}`, { key })).body).toEqual(made.body);
  expect((await api("GET", "/services?limit=100", { key })).body.data).toContainEqual(made.body);

  const deleted = await api("DELETE", `/services/${name}`, { key });
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  for (const method of ["GET", "DELETE"]) {
    const answer = await api(method, `/services/${name}`, { key });
    expect([answer.status, answer.body.code]).toEqual([404, "service_not_found"]);
  }
  expect(await stored(name)).toBeUndefined();
});

test("a PUT replaces: what is left out goes back to its default, and the time of creation stays", async () => {
  const name = newName();
  const everything = {
    url: "https://example.com/v1",
    provider: "generic",
    mode: "sync",
    params: { quality: "high", grid: [[1, 2]], "": 1, __proto__x: 2 },
    timeout_seconds: 900,
    heartbeat_seconds: 60,
    event_prefix: "video.render",
    max_retries: 0,
    retry_delay_seconds: 0.5,
  };
  const made = await put(name, everything);
  expect(made.body).toMatchObject(everything);
  deps.advance(1_000);
  const replaced = await put(name, { url });
  expect([replaced.status, replaced.headers.get("location")]).toEqual([200, null]);
  const unset = { timeout_seconds: null, heartbeat_seconds: null, max_retries: null, retry_delay_seconds: null };
  expect(replaced.body).toMatchObject({ url, mode: "callback", params: {}, event_prefix: "task", ...unset });
  expect(replaced.body.created_at).toBe(made.body.created_at);
  expect(replaced.body.updated_at).toBe(new Date(deps.now()).toISOString());
  expect((await put(name, { ...everything, ...unset })).body).toMatchObject(unset);
});

test("credentials are encrypted, never shown, kept where they are left out, and removed by null", async () => {
  const [name, auth, secret] = [newName(), "Bearer top-secret-7f3a", "signing-secret-9b1c"];
  const has = ({ body }: { body: Readonly<Record<string, unknown>> }) => [body.has_auth, body.has_secret];
  expect(has(await put(name, { url, auth, secret }))).toEqual([true, true]);
  const sealed = await stored(name);
  expect(deps.keys.open(sealed?.sealedAuth)).toBe(auth);
  expect(deps.keys.open(sealed?.sealedSecret)).toBe(secret);

  expect(has(await put(name, { url: "https://example.com/moved" }))).toEqual([true, true]);
  expect(await stored(name)).toMatchObject({ sealedAuth: sealed?.sealedAuth, sealedSecret: sealed?.sealedSecret });
  expect(has(await put(name, { url, auth: "Bearer another" }))).toEqual([true, true]);
  expect(deps.keys.open((await stored(name))?.sealedAuth)).toBe("Bearer another");
  expect(has(await put(name, { url, auth: null }))).toEqual([false, true]);
  expect(has(await put(name, { url, secret: null }))).toEqual([false, false]);
  expect(has(await put(name, { url }))).toEqual([false, false]);

  await put(name, { url, auth, secret });
  const shown = [await api("GET", `/services/${name}`, { key }), await api("GET", "/services", { key })];
  const said = JSON.stringify([shown, deps.logged, await stored(name)]);
  for (const part of ["top-secret", "signing-secret"]) expect(said).not.toContain(part);
});

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
      const missing = await api(method, `/services/${name}`, { key });
      expect([missing.status, missing.body.code]).toEqual([404, "service_not_found"]);
    }
  },
);

test("only an admin comes near services", async () => {
  const name = newName();
  await put(name);
  const ordinary = await newKey(db, "operator", ["tasks:read", "tasks:write", "webhooks"]);
  for (const [method, path, body] of [
    ["PUT", `/services/${name}`, { url: "https://evil.example/" }],
    ["GET", `/services/${name}`],
    ["GET", "/services"],
    ["DELETE", `/services/${name}`],
  ] as const) {
    const answer = await api(method, path, { key: ordinary, body });
    expect([method, answer.status, answer.body.code]).toEqual([method, 403, "forbidden"]);
    expect((await api(method, path, { body })).status).toBe(401);
  }
  expect(await stored(name)).toMatchObject({ url });
});

test("the list goes by name, in pages", async () => {
  const own = newTestFirestore();
  const ownApi = createApiClient(createTestDeps(own));
  const admin = await newKey(own, "operator", ["admin"]);
  expect((await ownApi("GET", "/services", { key: admin })).body).toEqual({ data: [], next_cursor: null });
  const all = ["alpha", "Beta", "beta", "gamma.1", "zeta"];
  for (const name of all.toReversed()) await ownApi("PUT", `/services/${name}`, { key: admin, body: { url } });
  const seen: unknown[] = [];
  let cursor: unknown = "";
  do {
    const { body } = await ownApi("GET", `/services?limit=2&cursor=${cursor}`, { key: admin });
    expect((body.data as unknown[]).length).toBeLessThanOrEqual(2);
    seen.push(...(body.data as { name: string }[]).map(({ name }) => name));
    cursor = body.next_cursor;
  } while (cursor !== null);
  expect(seen).toEqual(all.toSorted());
  for (const query of ["limit=0", "limit=101", "cursor=a/b", "page=1"]) {
    const answer = await ownApi("GET", `/services?${query}`, { key: admin });
    expect([query, answer.status, fieldsOf(answer)]).toEqual([query, 400, [query.split("=")[0]]]);
  }
  await own.terminate();
});

test("a service that was written by hand is shown with what it leaves out, and keeps its age when it is replaced", async () => {
  const name = newName();
  const { writeTime } = await db.doc(`services/${name}`).set({ url });
  const made = writeTime.toDate().toISOString();
  const { status, body } = await api("GET", `/services/${name}`, { key });
  expect([status, body]).toMatchObject([200, { provider: "generic", created_at: made, has_auth: false }]);
  const replaced = await put(name);
  expect([replaced.status, replaced.body.created_at]).toEqual([200, made]);
});

test("of many PUTs at once one is the first, the last wins whole, and no credential is lost", async () => {
  const name = newName();
  const all = Array.from({ length: 12 }, (_, index) => index);
  const answers = await Promise.all(
    all.map((index) =>
      put(name, {
        url: `https://example.com/${index}`,
        params: { index },
        ...(index === 5 ? { auth: "Bearer kept" } : {}),
      }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(11);
  const last = (await api("GET", `/services/${name}`, { key })).body;
  expect(last.url).toBe(`https://example.com/${(last.params as { index: number }).index}`);
  expect(last.has_auth).toBe(true);
  expect(deps.keys.open((await stored(name))?.sealedAuth)).toBe("Bearer kept");
});

test("on the instance that changes a service the change counts at once", async () => {
  const name = newName();
  const urlOf = async () => (await submit(name)).body.webhook_url;
  expect((await submit(name)).status).toBe(422);
  await put(name, { url: "https://example.com/old" });
  expect(await urlOf()).toBe("https://example.com/old");
  await put(name, { url: "https://example.com/new" });
  expect(await urlOf()).toBe("https://example.com/new");
  await api("DELETE", `/services/${name}`, { key });
  const refused = await submit(name);
  expect([refused.status, refused.body.code, fieldsOf(refused)]).toEqual([422, "unknown_service", ["service"]]);
});

test("on another instance a new service counts at once, a changed or deleted one within ten seconds", async () => {
  const name = newName();
  const other = createTestDeps(db);
  const elsewhere = createApiClient(other);
  const urlThere = async () => (await submit(name, elsewhere)).body.webhook_url;
  expect((await submit(name, elsewhere)).status).toBe(422);
  await put(name, { url: "https://example.com/old" });
  expect(await urlThere()).toBe("https://example.com/old");
  await put(name, { url: "https://example.com/new" });
  other.advance(10_000);
  expect(await urlThere()).toBe("https://example.com/new");
  await api("DELETE", `/services/${name}`, { key });
  other.advance(10_000);
  expect((await submit(name, elsewhere)).status).toBe(422);
});

test("a task that is under way goes on when its service is replaced or deleted", async () => {
  const name = newName();
  let down = true;
  const service = await startService(() => (down ? { status: 503 } : { body: {} }));
  await put(name, { url: service.url, auth: "Bearer mine", event_prefix: "video" });
  const { correlationId: id } = await dispatched(deps, "", { worker: { service: name } });
  await put(name, { url: "http://127.0.0.1:9/elsewhere", auth: "Bearer other", event_prefix: "other" });
  await api("DELETE", `/services/${name}`, { key });
  down = false;
  expect(await dispatchNext(deps, id)).toMatchObject({ status: "initiated", service: name });
  expect(service.calls.map(({ headers }) => headers.authorization)).toEqual(["Bearer mine", "Bearer mine"]);
  expect((await callBack(deps, id, { status: "success" })).status).toBe(200);
  await trigger(deps, id);
  expect((await readTask(deps, id)).status).toBe("completed");
});

test("params of any JSON come back and go out as they were given", async () => {
  const name = newName();
  const service = await startService(() => ({ body: {} }));
  const params = JSON.parse('{"grid": [[1, 2], [3]], "__name__": "x", "deep": {"a": [{"b": [[]]}]}}');
  expect((await put(name, { url: service.url, params })).body.params).toEqual(params);
  expect((await api("GET", `/services/${name}`, { key })).body.params).toEqual(params);
  await dispatched(deps, "", { worker: { service: name }, params: { own: 1 } });
  expect(service.calls[0]?.body).toMatchObject({ ...params, own: 1 });
});

test("one that was written by hand with times that are none does not take the list with it", async () => {
  const name = newName();
  const { writeTime } = await db.doc(`services/${name}`).set({ url, createdAt: "yesterday", updatedAt: 7 });
  const time = writeTime.toDate().toISOString();
  const one = await api("GET", `/services/${name}`, { key });
  expect([one.status, one.body]).toMatchObject([200, { created_at: time, updated_at: time }]);
  expect((await api("GET", "/services?limit=100", { key })).status).toBe(200);
});

test("a credential does not go to another origin than it was given for", async () => {
  const name = newName();
  await put(name, { url, auth: "Bearer mine", secret: "signing-secret-9b1c" });
  const before = await stored(name);
  for (const elsewhere of ["https://evil.example/jobs", "https://example.com:8443/jobs", "http://example.com/jobs"]) {
    const refused = await put(name, { url: elsewhere });
    expect([elsewhere, refused.status, refused.body.code]).toEqual([elsewhere, 400, "validation_failed"]);
    expect(fieldsOf(refused)).toEqual(["auth", "secret"]);
  }
  expect(fieldsOf(await put(name, { url: "https://other.example/", auth: "Bearer new" }))).toEqual(["secret"]);
  expect(fieldsOf(await put(name, { url: "https://other.example/", secret: null }))).toEqual(["auth"]);
  expect(await stored(name)).toEqual(before);
  const moved = await put(name, { url: "https://other.example/", auth: "Bearer new", secret: null });
  expect([moved.status, moved.body.has_auth, moved.body.has_secret]).toEqual([200, true, false]);
  expect(deps.keys.open((await stored(name))?.sealedAuth)).toBe("Bearer new");
  expect((await put(name, { url, auth: null })).status).toBe(200);
  expect((await put(name, { url: "https://third.example/" })).status).toBe(200);
});
