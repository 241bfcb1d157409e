import { createApiClient, fieldsOf, newKey } from "../support/api-client.ts";
import { serviceRoutesOfFile, url } from "../support/service-routes.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const { db, deps, api, ask, put, newName, stored } = serviceRoutesOfFile();

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
  expect((await ask("GET", `/services/${name}`)).body).toEqual(made.body);
  expect((await ask("GET", "/services?limit=100")).body.data).toContainEqual(made.body);

  const deleted = await ask("DELETE", `/services/${name}`);
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  for (const method of ["GET", "DELETE"]) {
    const answer = await ask(method, `/services/${name}`);
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
  const { status, body } = await ask("GET", `/services/${name}`);
  expect([status, body]).toMatchObject([200, { provider: "generic", created_at: made, has_auth: false }]);
  const replaced = await put(name);
  expect([replaced.status, replaced.body.created_at]).toEqual([200, made]);
});

test("one that was written by hand with times that are none does not take the list with it", async () => {
  const name = newName();
  const { writeTime } = await db.doc(`services/${name}`).set({ url, createdAt: "yesterday", updatedAt: 7 });
  const time = writeTime.toDate().toISOString();
  const one = await ask("GET", `/services/${name}`);
  expect([one.status, one.body]).toMatchObject([200, { created_at: time, updated_at: time }]);
  expect((await ask("GET", "/services?limit=100")).status).toBe(200);
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
  const last = (await ask("GET", `/services/${name}`)).body;
  expect(last.url).toBe(`https://example.com/${(last.params as { index: number }).index}`);
  expect(last.has_auth).toBe(true);
  expect(deps.keys.open((await stored(name))?.sealedAuth)).toBe("Bearer kept");
});
