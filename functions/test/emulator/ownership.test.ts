import { type ApiAnswer, newKey } from "../support/api-client.ts";
import type { Operation } from "../support/api-document.ts";
import {
  absentId,
  casesOf,
  exampleBody,
  guarded,
  makeEverything,
  makeParams,
  nameless,
  ownable,
  pathWith,
} from "../support/owned-things.ts";
import { everyScope, newWorld, type Owner, type World } from "../support/owners.ts";
import { wholeDatabase } from "../support/whole-database.ts";

// Generated from the OpenAPI document: a new route is in here by itself.
let world: World;
beforeEach(async () => {
  world = await newWorld();
});
afterEach(() => world.close());

type Ids = Readonly<Record<string, string>>;

/** One request with a body that the operation takes. */
const ask = (
  operation: Operation,
  { headers }: Pick<Owner, "headers">,
  { params = {}, query = {} }: { params?: Ids; query?: Ids } = {},
): Promise<ApiAnswer> => {
  const search = Object.keys(query).length === 0 ? "" : `?${new URLSearchParams(query)}`;
  const path = `/${pathWith(operation, params)}${search}`;
  const { body, headers: own = {} } = exampleBody(operation);
  return world.api(operation.method, path, { headers: { ...headers, ...own }, body });
};

/** All that an answer says, but for the request's own id and the ids in its path. */
function said({ status, headers, text }: ApiAnswer, params: Ids = {}) {
  let body = text.replace(/"request_id":"[^"]*"/, "");
  for (const [name, id] of Object.entries(params)) body = body.replaceAll(id, `{${name}}`);
  return { status, headers: [...headers].filter(([name]) => name !== "x-request-id"), body };
}

/** What a refused request may change: the last use of a key, the count of requests. */
const documents = () => wholeDatabase(world.deps.db, ["apiKeys", "rateLimits"]);
const absent = (params: Ids): Ids =>
  Object.fromEntries(Object.entries(params).map(([name, id]) => [name, absentId(id)]));

test.each(casesOf(ownable))("%s: another's is as what does not exist, and stays as it is", async (_, operation) => {
  const { anna, bob, user } = world;
  const own = await makeParams(world, operation, anna);
  for (const stranger of [bob, user]) {
    const theirs = await makeParams(world, operation, stranger);
    const before = await documents();
    const tries = [{ aimed: own, missed: absent(own) }];
    // Where a path names two things, one of them may be the asker's own.
    for (const name of Object.keys(own).slice(0, Object.keys(own).length > 1 ? undefined : 0)) {
      const at = (id: string | undefined): Ids => ({ ...theirs, [name]: id ?? "" });
      tries.push({ aimed: at(own[name]), missed: at(absent(own)[name]) });
    }
    for (const { aimed, missed } of tries) {
      const refused = await ask(operation, stranger, { params: aimed });
      expect(refused.status).toBe(404);
      expect(said(refused, aimed)).toEqual(said(await ask(operation, stranger, { params: missed }), missed));
    }
    expect(await documents()).toEqual(before);
  }
  // The same request of its owner is not refused for another reason.
  const { status, text } = await ask(operation, anna, { params: own });
  if (status >= 300) expect([status, text]).toEqual([409, expect.stringMatching(/task_not_retryable|never/)]);
});

test.each(casesOf(guarded))("%s: not without a key, nor without its scope", async (_, operation) => {
  const { anna, user, deps } = world;
  const own = await makeParams(world, operation, anna);
  const before = await documents();
  const made = anna.headers["x-api-key"];
  for (const headers of [
    {},
    { "x-api-key": "made-up" },
    { "x-api-key": `${made}x` },
    { authorization: "Bearer a.b.c" },
  ]) {
    expect((await ask(operation, { headers }, { params: own })).body.code).toBe("unauthenticated");
  }
  const others = everyScope.filter((scope) => scope !== operation.scope);
  const lacking = { headers: { "x-api-key": await newKey(deps.db, "anna", others) } };
  for (const asker of operation.scope === "admin" ? [lacking, user] : [lacking]) {
    const refused = await ask(operation, asker, { params: own });
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    expect(said(await ask(operation, asker, { params: absent(own) }))).toEqual(said(refused));
  }
  expect(await documents()).toEqual(before);
});

test.each(casesOf(nameless.filter(({ method }) => method === "GET")))(
  "%s: shows nothing of another",
  async (_, operation) => {
    const { anna, bob, user } = world;
    const has = (name: string) => operation.parameters.some((parameter) => parameter.name === name);
    const ids = await makeEverything(world, bob);
    const queries: Ids[] = [{}];
    for (const name of ["project_id", "user_id", "service"]) {
      if (has(name)) queries.push({ [name]: name === "project_id" ? "project" : "video_generation" });
    }
    const ofBob = async () =>
      await Promise.all(queries.map(async (query) => said(await ask(operation, bob, { query }))));
    const before = await ofBob();
    const annas = await makeEverything(world, anna);
    world.deps.advance(-annas.length);
    expect(await ofBob()).toEqual(before);

    if (has("owner_id")) {
      for (const asker of [bob, user]) {
        for (const ownerId of ["anna", "*"]) {
          const refused = await ask(operation, asker, { query: { owner_id: ownerId } });
          expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
          expect(said(await ask(operation, asker, { query: { owner_id: "no-such-owner" } }))).toEqual(said(refused));
        }
      }
    }
    world.deps.advance(annas.length);
    const own = await ask(operation, anna);
    if (!Array.isArray(own.body.data)) return;
    // It does show something, so that nothing of it in Bob's means something.
    expect(own.body.data.length).toBeGreaterThan(0);
    const leaks = (text: string) => annas.filter((id) => text.includes(id));
    expect(leaks((await ask(operation, bob)).text)).toEqual([]);
    if (!has("cursor")) return;
    const { next_cursor } = (await ask(operation, anna, { query: { limit: "1" } })).body;
    expect(next_cursor).toEqual(expect.any(String));
    const continued = await ask(operation, bob, { query: { cursor: String(next_cursor) } });
    expect([200, 400]).toContain(continued.status);
    expect(leaks(continued.text)).toEqual([]);
    expect(ids.length).toBeGreaterThan(0);
  },
);

test.each(casesOf(nameless.filter(({ method }) => method !== "GET")))(
  "%s: the same of two owners is two",
  async (_, operation) => {
    const { anna, bob, user } = world;
    const idempotent = operation.parameters.some(({ name }) => name === "Idempotency-Key");
    const as = ({ headers }: Owner) => ({
      headers: idempotent ? { ...headers, "idempotency-key": "the-first" } : headers,
    });
    const first = await ask(operation, as(anna));
    expect(first.status).toBeLessThan(300);
    const before = await documents();
    for (const other of [bob, user]) {
      const second = await ask(operation, as(other));
      expect([second.status, idOf(second) === idOf(first)]).toEqual([first.status, false]);
    }
    expect(await documents()).toMatchObject(before);
    expect(idOf(await ask(operation, as(anna))) === idOf(first)).toBe(idempotent);
  },
);

function idOf({ body }: ApiAnswer): unknown {
  return body.id ?? body.task_id ?? body.job_id;
}
