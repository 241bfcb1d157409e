import type { Deps } from "../../src/deps.ts";
import { createApiKey, hashOf } from "../../src/http/api-keys.ts";
import { type CallApi, createApiClient, fieldsOf, keyRef, newKey } from "../support/api-client.ts";
import { interceptFirestore } from "../support/firestore-rpc.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const db = newTestFirestore();
const deps = createTestDeps(db);
const api = createApiClient(deps);
afterAll(() => db.terminate());

let admin: string;
beforeAll(async () => {
  admin = await newKey(db, "operator", ["admin"]);
});

let owners = 0;
const newOwner = () => `owner-${++owners}`;
const make = (body: unknown) => api("POST", "/keys", { key: admin, body });
const listOf = async (owner: string) =>
  (await api("GET", `/keys?owner_id=${owner}`, { key: admin })).body.data as Record<string, unknown>[];
const works = async (key: unknown, as: CallApi = api) =>
  (await as("GET", "/tasks/none", { key: String(key) })).status === 404;

test("a key is shown once, works for its owner, is kept as a hash, listed by its id, and deleted", async () => {
  const owner = newOwner();
  const made = await make({ owner_id: owner, scopes: ["tasks:read", "webhooks"], name: "  For the web app " });
  expect(made.status).toBe(201);
  const { key, ...shown } = made.body;
  expect(key).toMatch(/^bmr_[\w-]{43}$/);
  expect(shown).toEqual({
    id: expect.stringMatching(/^key_[\w-]{22}$/),
    owner_id: owner,
    scopes: ["tasks:read", "webhooks"],
    name: "For the web app",
    hint: String(key).slice(0, 10),
    created_at: new Date(deps.now()).toISOString(),
    created_by: "operator",
    last_used_at: null,
  });
  expect(await listOf(owner)).toEqual([shown]);
  const hash = hashOf(String(key));
  const { docs } = await db.collection("apiKeys").where("ownerId", "==", owner).get();
  expect(docs.map(({ id }) => id)).toEqual([hash]);
  expect(JSON.stringify(docs[0]?.data())).not.toContain(key);

  expect(await works(key)).toBe(true);
  expect((await api("GET", "/webhooks", { key: String(key) })).status).toBe(200);
  expect((await api("POST", "/tasks", { key: String(key), body: {} })).status).toBe(403);

  const deleted = await api("DELETE", `/keys/${shown.id}`, { key: admin });
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  expect((await api("GET", "/tasks/none", { key: String(key) })).status).toBe(401);
  expect(await listOf(owner)).toEqual([]);
  const again = await api("DELETE", `/keys/${shown.id}`, { key: admin });
  expect([again.status, again.body.code]).toEqual([404, "key_not_found"]);
  const long = await api("DELETE", `/keys/${"x".repeat(1_600)}`, { key: admin });
  expect([long.status, long.body.code]).toEqual([404, "key_not_found"]);
});

test("neither a key nor its hash leaves but in the answer that makes it, nor is logged", async () => {
  const owner = newOwner();
  const { key, id } = (await make({ owner_id: owner, scopes: ["tasks:read"] })).body;
  expect(await works(key)).toBe(true);
  const lists = ["/keys?limit=100", `/keys?owner_id=${owner}`, "/keys?limit=1"];
  const said = await Promise.all(lists.map(async (path) => (await api("GET", path, { key: admin })).text));
  said.push(JSON.stringify(deps.logged));
  for (const secret of [String(key), hashOf(String(key)), hashOf(admin)]) expect(said.join()).not.toContain(secret);
  const cursor = JSON.parse(said[2] ?? "").next_cursor;
  expect(Buffer.from(String(cursor), "base64url").toString()).not.toMatch(/[0-9a-f]{64}/);
  // Nor is the hash a name for it.
  expect((await api("DELETE", `/keys/${hashOf(String(key))}`, { key: admin })).status).toBe(404);
  expect((await listOf(owner)).map((one) => one.id)).toEqual([id]);
});

test.each<[string, unknown, string[]]>([
  ["nothing", {}, ["owner_id", "scopes"]],
  ["no owner", { scopes: ["admin"] }, ["owner_id"]],
  ["an empty owner", { owner_id: "", scopes: ["admin"] }, ["owner_id"]],
  ["an owner with a slash", { owner_id: "a/b", scopes: ["admin"] }, ["owner_id"]],
  ["everybody as owner", { owner_id: "*", scopes: ["admin"] }, ["owner_id"]],
  ["a reserved owner", { owner_id: "__a__", scopes: ["admin"] }, ["owner_id"]],
  ["a long owner", { owner_id: "a".repeat(201), scopes: ["admin"] }, ["owner_id"]],
  ["no scope", { owner_id: "a", scopes: [] }, ["scopes"]],
  ["a scope that is none", { owner_id: "a", scopes: ["tasks:read", "tasks"] }, ["scopes.1"]],
  ["a scope twice", { owner_id: "a", scopes: ["admin", "admin"] }, ["scopes"]],
  ["scopes as text", { owner_id: "a", scopes: "admin" }, ["scopes"]],
  ["a name of spaces", { owner_id: "a", scopes: ["admin"], name: "  " }, ["name"]],
  ["a name with a line break", { owner_id: "a", scopes: ["admin"], name: "a\nb" }, ["name"]],
  ["a key of one's own", { owner_id: "a", scopes: ["admin"], key: "bmr_mine", id: "key_mine" }, ["key", "id"]],
])("%s is refused by the field's name", async (_what, body, fields) => {
  const answer = await make(body);
  expect([answer.status, fieldsOf(answer)]).toEqual([400, fields]);
});

test("only an admin comes near keys, its own ones too", async () => {
  const owner = newOwner();
  const { key, id } = (await make({ owner_id: owner, scopes: ["tasks:read", "tasks:write", "webhooks"] })).body;
  for (const [method, path, body] of [
    ["POST", "/keys", { owner_id: owner, scopes: ["admin"] }],
    ["GET", "/keys"],
    ["GET", `/keys?owner_id=${owner}`],
    ["DELETE", `/keys/${id}`],
  ] as const) {
    const answer = await api(method, path, { key: String(key), body });
    expect([method, answer.status, answer.body.code]).toEqual([method, 403, "forbidden"]);
    expect((await api(method, path, { body })).status).toBe(401);
  }
  expect((await listOf(owner)).map((one) => one.id)).toEqual([id]);
});

test("the list goes by owner, the newest of each first, in pages that hold whatever is made or deleted meanwhile", async () => {
  const own = createTestDeps(newTestFirestore());
  const ownApi = createApiClient(own);
  const root = await newKey(own.db, "operator", ["admin"]);
  const made = async (ownerId: string) =>
    (await createApiKey(own.db, own.now(), { ownerId, scopes: ["webhooks"], name: null, createdBy: null })).apiKey;
  const b = [await made("b"), await made("b"), await made("b")];
  own.advance(1_000);
  const a = [await made("a"), await made("a")];
  const newest = await made("b");
  // Keys of one millisecond go by their id, backwards.
  const down = (keys: { id: string }[]) => keys.map(({ id }) => id).sort((x, y) => (x < y ? 1 : -1));
  const expected = [...down(a), newest.id, ...down(b)];

  const page = async (query: string) => (await ownApi("GET", `/keys?${query}`, { key: root })).body;
  const idsOf = (body: Readonly<Record<string, unknown>>) => (body.data as { id: string }[]).map(({ id }) => id);
  const seen: string[] = [];
  let cursor: unknown = "";
  do {
    const body = await page(`limit=2&cursor=${cursor}`);
    seen.push(...idsOf(body));
    cursor = body.next_cursor;
    const last = seen.at(-1);
    if (last !== undefined && seen.length < 6) {
      await ownApi("DELETE", `/keys/${last}`, { key: root });
      own.advance(1);
      await made("a");
    }
  } while (cursor !== null);
  // The admin's own, made by hand, is there since it was used.
  expect(seen.slice(0, 6)).toEqual(expected);
  expect(seen).toHaveLength(7);

  const ofB = await page("owner_id=b&limit=1");
  expect(idsOf(ofB)).toEqual([newest.id]);
  const further = await page(`owner_id=b&limit=100&cursor=${ofB.next_cursor}`);
  expect([idsOf(further).every((id) => b.some((key) => key.id === id)), further.next_cursor]).toEqual([true, null]);
  const elsewhere = await ownApi("GET", `/keys?owner_id=a&cursor=${ofB.next_cursor}`, { key: root });
  expect([elsewhere.status, fieldsOf(elsewhere)]).toEqual([400, ["cursor"]]);
  expect(await page("owner_id=*")).toEqual(await page(""));
  expect(await page("owner_id=nobody")).toEqual({ data: [], next_cursor: null });
  await own.db.terminate();
});

test.each([
  "cursor=x",
  "cursor=W10",
  "cursor=bnVsbA",
  "cursor=key_q83vEjRWeJCrze8SNFZ4kA",
  "owner_id=a%2Fb",
  "limit=0",
  "page=2",
])("the query %s is refused", async (query) => {
  const answer = await api("GET", `/keys?${query}`, { key: admin });
  expect([answer.status, fieldsOf(answer)]).toEqual([400, [query.split("=")[0]]]);
});

test("a key that was written by hand is listed and can be deleted once it was used", async () => {
  const owner = newOwner();
  await keyRef(db, "by-hand").create({
    ownerId: owner,
    scopes: ["tasks:read", "whatever", 7],
    name: 5,
    createdAt: "then",
  });
  expect(await listOf(owner)).toEqual([]);
  expect(await works("by-hand")).toBe(true);
  const [shown, ...others] = await listOf(owner);
  expect(others).toEqual([]);
  expect(shown).toEqual({
    id: expect.stringMatching(/^key_[\w-]{22}$/),
    owner_id: owner,
    scopes: ["tasks:read"],
    name: null,
    hint: null,
    created_at: new Date(deps.now()).toISOString(),
    created_by: null,
    last_used_at: new Date(deps.now()).toISOString(),
  });
  expect((await api("DELETE", `/keys/${shown?.id}`, { key: admin })).status).toBe(204);
  expect(await works("by-hand")).toBe(false);
});

test("the last use is recorded, once an hour at most, and changes nothing else", async () => {
  const own = createTestDeps(db);
  const asks = createApiClient(own);
  const { key, id } = (await make({ owner_id: newOwner(), scopes: ["tasks:read"] })).body;
  const data = async () => (await keyRef(db, String(key)).get()).data();
  const made = await data();
  const lastUse = async () => (await data())?.lastUsedAt?.toMillis();
  const first = own.now();
  expect(await works(key, asks)).toBe(true);
  expect(await lastUse()).toBe(first);
  for (let minutes = 0; minutes < 59; minutes += 1) {
    own.advance(60_000);
    await works(key, asks);
  }
  expect(await lastUse()).toBe(first);
  own.advance(60_000);
  await works(key, asks);
  expect(await lastUse()).toBe(first + 3_600_000);
  expect({ ...(await data()), lastUsedAt: null }).toEqual(made);
  expect(made?.id).toBe(id);
});

test("many first uses at once are one read and one write", async () => {
  const { key } = (await make({ owner_id: newOwner(), scopes: ["tasks:read"] })).body;
  const requests: string[] = [];
  const watched = interceptFirestore(db, async ({ method, request }, proceed) => {
    if (JSON.stringify(request).includes(hashOf(String(key)))) requests.push(method);
    return await proceed();
  });
  const asks = createApiClient(createTestDeps(watched));
  expect(await Promise.all(Array.from({ length: 20 }, () => works(key, asks)))).toEqual(Array(20).fill(true));
  expect(requests.filter((method) => method === "commit")).toHaveLength(1);
  expect(requests.filter((method) => method === "batchGetDocuments")).toHaveLength(1);
});

/** An instance on which `act` comes between the reading of a key and the recording of its use. */
function instanceWith(act: () => Promise<unknown>): Deps {
  const interfering = interceptFirestore(db, async ({ method }, proceed) => {
    if (method === "commit") await act();
    return await proceed();
  });
  return createTestDeps(interfering);
}

test("a key that is deleted while it is being used stays deleted, and opens nothing", async () => {
  const { key, id } = (await make({ owner_id: newOwner(), scopes: ["tasks:read"] })).body;
  const asks = createApiClient(instanceWith(() => api("DELETE", `/keys/${id}`, { key: admin })));
  const { status, body } = await asks("GET", "/tasks/none", { key: String(key) });
  expect([status, body.code]).toEqual([401, "unauthenticated"]);
  expect((await keyRef(db, String(key)).get()).exists).toBe(false);
  expect(await works(key)).toBe(false);
});

test("a use that cannot be recorded does not stop the work", async () => {
  const { key } = (await make({ owner_id: newOwner(), scopes: ["tasks:read"] })).body;
  const failing = createTestDeps(
    interceptFirestore(db, async ({ method }, proceed) => {
      if (method === "commit") throw Object.assign(new Error("read only today"), { code: 3 });
      return await proceed();
    }),
  );
  expect(await works(key, createApiClient(failing))).toBe(true);
  expect(failing.logged.map(({ message }) => message)).toContain("api: the use of a key cannot be recorded");
});

test("a deleted key stops within a minute on every other instance, however busy it is", async () => {
  const { key, id } = (await make({ owner_id: newOwner(), scopes: ["tasks:read"] })).body;
  const other = createTestDeps(db);
  const elsewhere = createApiClient(other);
  expect(await works(key, elsewhere)).toBe(true);
  await api("DELETE", `/keys/${id}`, { key: admin });
  let seconds = 0;
  for (; seconds <= 60 && (await works(key, elsewhere)); seconds += 1) other.advance(1_000);
  expect(seconds).toBeLessThanOrEqual(60);
});

test("an admin may delete the very key that it asks with", async () => {
  const { key, id } = (await make({ owner_id: newOwner(), scopes: ["admin"] })).body;
  expect((await api("DELETE", `/keys/${id}`, { key: String(key) })).status).toBe(204);
  expect((await api("GET", "/keys", { key: String(key) })).status).toBe(401);
});
