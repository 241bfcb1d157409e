import type { Deps } from "../../src/deps.ts";
import { hashOf } from "../../src/http/api-keys.ts";
import { createRateLimit } from "../../src/http/rate-limit.ts";
import { type CallApi, createApiClient, newKey } from "../support/api-client.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { costOf, countOperations } from "../support/operation-count.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "../support/test-deps.ts";

const db = newTestFirestore();
afterAll(() => db.terminate());

const windowMs = 60_000;
const noSuchTask = "/tasks/none";

/** Deps whose clock stands at the beginning of a window. */
function instance(requestsPerMinute: number, parts: Partial<Deps> = {}): TestDeps {
  const deps = createTestDeps(db, parts, { REQUESTS_PER_MINUTE: String(requestsPerMinute) });
  deps.advance(windowMs - (deps.now() % windowMs));
  return deps;
}

const keyOf = (owner: string) => newKey(db, owner, ["tasks:read"]);
const counterRef = (key: string) => db.collection("rateLimits").doc(hashOf(key));

/** The statuses of so many requests, one after the other. */
async function ask(api: CallApi, key: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let asked = 0; asked < times; asked += 1) statuses.push((await api("GET", noSuchTask, { key })).status);
  return statuses;
}

const served = (statuses: readonly number[]) => statuses.filter((status) => status !== 429).length;

test("as many requests as the limit allows are served in a minute, and the next is told when to come again", async () => {
  const [deps, key] = [instance(25), await keyOf("anna")];
  const api = createApiClient(deps);
  deps.advance(12_345);
  expect(await ask(api, key, 25)).toEqual(Array(25).fill(404));
  const { status, headers, body } = await api("GET", noSuchTask, { key });
  expect([status, headers.get("retry-after"), headers.get("content-type")]).toEqual([
    429,
    "48",
    "application/problem+json",
  ]);
  expect(body).toMatchObject({
    title: "Too Many Requests",
    code: "too_many_requests",
    detail: "More than 25 requests in a minute. Try again in 48 s.",
  });
});

test("who waits as long as it was told is served again, as often as before", async () => {
  const [deps, key] = [instance(5), await keyOf("ben")];
  const api = createApiClient(deps);
  deps.advance(59_999);
  expect(served(await ask(api, key, 6))).toBe(5);
  const { headers } = await api("GET", noSuchTask, { key });
  expect(headers.get("retry-after")).toBe("1");
  deps.advance(1_000);
  expect(served(await ask(api, key, 9))).toBe(5);
});

test("a limit of one is one", async () => {
  const [deps, key] = [instance(1), await keyOf("one")];
  expect(await ask(createApiClient(deps), key, 3)).toEqual([404, 429, 429]);
});

test("over several instances the limit is exceeded by a twentieth for each of them at most", async () => {
  const [limit, key] = [100, await keyOf("carla")];
  const deps = instance(limit);
  const instances = [1, 2, 3, 4].map(() => createApiClient(deps));
  const statuses: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    for (const api of instances) statuses.push(...(await ask(api, key, 1)));
  }
  expect(served(statuses)).toBeGreaterThanOrEqual(limit);
  expect(served(statuses)).toBeLessThanOrEqual(limit + 4 * (limit / 20));
});

test("one instance may serve the whole limit while others are idle", async () => {
  const [limit, key] = [60, await keyOf("carl")];
  const deps = instance(limit);
  expect(served(await ask(createApiClient(deps), key, limit + 20))).toBe(limit);
  // What the others served without asking is all that they may add.
  expect(served(await ask(createApiClient(deps), key, limit))).toBe(limit / 20);
  expect(served(await ask(createApiClient(deps), key, limit))).toBe(limit / 20);
});

test("of requests that come at once no more are served than one after the other", async () => {
  const [limit, key] = [60, await keyOf("dora")];
  const deps = instance(limit);
  const one = createApiClient(deps);
  const here = await Promise.all(Array.from({ length: 3 * limit }, () => one("GET", noSuchTask, { key })));
  expect(served(here.map(({ status }) => status))).toBe(limit);

  const shared = await keyOf("dorothy");
  const apis = [1, 2, 3].map(() => createApiClient(deps));
  const everywhere = await Promise.all(
    Array.from({ length: limit }, () => apis.map((api) => api("GET", noSuchTask, { key: shared }))).flat(),
  );
  const count = served(everywhere.map(({ status }) => status));
  expect(count).toBeGreaterThanOrEqual(limit);
  expect(count).toBeLessThanOrEqual(limit + 3 * (limit / 20));
});

test("two keys do not share a limit, even of one owner", async () => {
  const deps = instance(5);
  const api = createApiClient(deps);
  const [first, second] = [await keyOf("emil"), await keyOf("emil")];
  expect(served(await ask(api, first, 10))).toBe(5);
  expect(served(await ask(api, second, 10))).toBe(5);
});

test("a request that may not do what it asks for counts, one without a key or that needs none does not", async () => {
  const [deps, key] = [instance(3), await keyOf("frida")];
  const api = createApiClient(deps);
  for (let asked = 0; asked < 10; asked += 1) {
    expect((await api("GET", "/health", { key })).status).toBe(200);
    expect((await api("GET", noSuchTask)).status).toBe(401);
  }
  const statuses: number[] = [];
  for (let asked = 0; asked < 5; asked += 1) statuses.push((await api("POST", "/tasks", { key, body: {} })).status);
  expect(statuses).toEqual([403, 403, 403, 429, 429]);
});

test("a refused request is counted no further, and costs neither a read nor a write", async () => {
  const key = await keyOf("gina");
  const counted = countOperations(db);
  const deps = instance(10, { db: counted.db });
  const api = createApiClient(deps);
  await ask(api, key, 11);
  const before = (await counterRef(key).get()).data();
  expect(before).toMatchObject({ used: 10 });
  const cost = await costOf(counted.count, () => ask(api, key, 30));
  expect(cost).toMatchObject({ reads: 0, writes: 0, requests: 0 });
  expect((await counterRef(key).get()).data()).toEqual(before);
});

test("ordinary traffic costs no read and no write, and leaves no document", async () => {
  const key = await keyOf("hans");
  const counted = countOperations(db);
  const deps = instance(6_000, { db: counted.db });
  const count = createRateLimit(deps);
  const cost = await costOf(counted.count, async () => {
    for (let asked = 0; asked < 300; asked += 1) await count(hashOf(key));
  });
  expect(cost.requests).toBe(0);
  expect((await counterRef(key).get()).exists).toBe(false);
  expect(await costOf(counted.count, () => count(hashOf(key)))).toMatchObject({ reads: 1, writes: 1 });
});

test("a counter is one document of three fields, however many windows it has counted, and is cleared a day later", async () => {
  const [deps, key] = [instance(5), await keyOf("ida")];
  const api = createApiClient(deps);
  for (let window = 0; window < 4; window += 1) {
    await ask(api, key, 7);
    deps.advance(windowMs);
  }
  const data = (await counterRef(key).get()).data();
  expect(Object.keys(data ?? {}).sort()).toEqual(["purgeAt", "used", "window"]);
  expect(data?.used).toBe(5);
  expect(data?.purgeAt.toMillis()).toBe(deps.now() - windowMs + 24 * 3_600_000);
  expect(JSON.stringify(data)).not.toContain(key);
});

test("a database that fails does not stop the work, and what was served meanwhile counts afterwards", async () => {
  const key = await keyOf("jo");
  let failing = true;
  const flaky = interceptFirestore(db, async ({ method }, proceed) => {
    if (failing && method !== "rollback") throw Object.assign(new Error("no database today"), { code: 3 });
    return await proceed();
  });
  const deps = instance(40, { db: flaky });
  const count = createRateLimit(deps);
  for (let asked = 0; asked < 30; asked += 1) await count(hashOf(key));
  expect(deps.logged).toContainEqual({
    level: "warn",
    message: "api: requests cannot be counted",
    fields: { reason: expect.stringContaining("no database today") },
  });
  failing = false;
  let more = 0;
  await expect(
    (async () => {
      for (; more < 40; more += 1) await count(hashOf(key));
    })(),
  ).rejects.toMatchObject({ code: "too_many_requests", status: 429, retryable: true });
  expect(more).toBe(10);
});

test("a window that ends while an instance asks does not refuse what comes in the next", async () => {
  const key = await keyOf("kim");
  const deps = instance(5);
  const slow = interceptFirestore(db, async ({ method }, proceed) => {
    if (method === "commit") deps.advance(windowMs);
    return await proceed();
  });
  await createRateLimit({ ...deps, db: slow })(hashOf(key));
  const count = createRateLimit(deps);
  for (let asked = 0; asked < 5; asked += 1) await count(hashOf(key));
  // All of this window are gone, as another instance learns by asking while the window ends.
  const other = createRateLimit({ ...deps, db: slow });
  await other(hashOf(key));
  await expect(other(hashOf(key))).resolves.toBeUndefined();
});

test("an instance whose clock is behind takes nothing away from the window that has begun", async () => {
  const key = await keyOf("lea");
  const [ahead, behind] = [instance(20), instance(20)];
  behind.advance(-1);
  const [first, second] = [createRateLimit(ahead), createRateLimit(behind)];
  for (let asked = 0; asked < 20; asked += 1) await first(hashOf(key));
  await second(hashOf(key));
  await expect(second(hashOf(key))).rejects.toMatchObject({ code: "too_many_requests" });
  await expect(first(hashOf(key))).rejects.toMatchObject({ code: "too_many_requests" });
  expect((await counterRef(key).get()).data()).toMatchObject({ window: Math.floor(ahead.now() / windowMs) });
});

test("a count of a far future, from a clock that was wrong, locks nobody out", async () => {
  const key = await keyOf("mia");
  const deps = instance(3);
  await counterRef(key).set({ window: Math.floor(deps.now() / windowMs) + 1_000, used: 1_000_000 });
  const count = createRateLimit(deps);
  for (let asked = 0; asked < 3; asked += 1) await count(hashOf(key));
  await expect(count(hashOf(key))).rejects.toMatchObject({ code: "too_many_requests" });
});

test("a user's id may hold what a document's name may not", async () => {
  const deps = instance(3);
  const count = createRateLimit(deps);
  for (let asked = 0; asked < 3; asked += 1) await count("user-a/b/../c");
  await expect(count("user-a/b/../c")).rejects.toMatchObject({ code: "too_many_requests" });
  expect(deps.logged).toEqual([]);
});
