import type { ApiAnswer } from "./api-client.ts";
import { type JsonSchema, type Operation, operations, resolved } from "./api-document.ts";
import type { Owner, World } from "./owners.ts";
import { end, formType, part } from "./uploads.ts";
import { storeDelivery } from "./webhook-api.ts";

type Ids = Readonly<Record<string, string>>;

let nth = 0;

/**
 * How a thing of each kind that a path can name is made: gives its id. `before` are the ids that stand before it in the path. A
 * kind of which nobody says here how it is made fails the tests that go over the document.
 */
const makers: Readonly<Record<string, (world: World, owner: Owner, before: Ids) => Promise<string>>> = {
  task: async ({ api }, { headers }) => {
    const body = { service: "video_generation", prompt: `Task ${nth}`, project_id: "project", user_id: null };
    return created(await api("POST", "/tasks", { headers, body }));
  },
  webhook: async ({ api }, { headers }) => {
    const body = { name: `Webhook ${nth}`, url: "http://127.0.0.1:9/hook", events: ["*"] };
    return created(await api("POST", "/webhooks", { headers, body }));
  },
  replay: async ({ api }, { headers }, { id }) =>
    created(await api("POST", `/webhooks/${id}/replay`, { headers, body: { since: "2026-01-01T00:00:00Z" } })),
  delivery: async (world, owner) => {
    const webhookId = await makeThing(world, "webhook", owner);
    return await storeDelivery(world.deps, nth, { ownerId: owner.ownerId, webhookId }, world.deps.now());
  },
  event: async ({ api }, { headers }) => {
    const body = { type: "order.paid", payload: { nth } };
    return created(await api("POST", "/events", { headers, body }));
  },
  service: async ({ api, admin: { headers } }) => {
    const name = `service-${nth}`;
    await api("PUT", `/services/${name}`, { headers, body: { url: "http://127.0.0.1:9/work" } });
    return name;
  },
  key: async ({ api, admin: { headers } }, { ownerId }) =>
    created(await api("POST", "/keys", { headers, body: { owner_id: ownerId, scopes: ["tasks:read"] } })),
};

function created({ status, body, text }: ApiAnswer): string {
  if (status < 300) return String(body.id);
  throw new Error(`It was not made: ${status} ${text}`);
}

async function makeThing(world: World, resource: string, owner: Owner, before: Ids = {}): Promise<string> {
  const how = makers[resource];
  if (how === undefined) {
    throw new Error(`Nobody says how a ${resource} is made: add it to makers in test/support/owned-things.ts.`);
  }
  nth += 1;
  return await how(world, owner, before);
}

/** Makes everything that the operation's path names, for that owner: the ids by their names in the path. */
export async function makeParams(world: World, { resources }: Operation, owner: Owner): Promise<Ids> {
  const params: Record<string, string> = {};
  for (const [name, resource] of Object.entries(resources)) {
    params[name] = await makeThing(world, resource, owner, params);
  }
  return params;
}

/** Makes two of everything that lists show, for that owner; gives all their ids. */
export async function makeEverything(world: World, owner: Owner): Promise<string[]> {
  const ids: string[] = [];
  for (const resource of ["task", "delivery", "event", "task", "delivery", "event"]) {
    // What is of one millisecond has no order.
    world.deps.advance(1);
    ids.push(await makeThing(world, resource, owner));
  }
  return ids;
}

/** An id of the same form that nothing has. */
export function absentId(real: string): string {
  return real.replaceAll(/[0-9a-f](?=[^-]{0,7}$)/g, (digit) => (digit === "f" ? "e" : "f"));
}

/** The operation's path with these ids in it. */
export function pathWith({ path }: Operation, params: Ids): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
}

/** A request body that the operation takes: its first example, and the header that it needs where it is not JSON. */
export function exampleBody({ body }: Operation): {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
} {
  if (body === undefined) return {};
  const example = exampleOf(body.schema);
  if (body.contentType !== "multipart/form-data") return { body: example };
  return { body: formOf(body.schema, example as Ids), headers: { "content-type": formType } };
}

function formOf(schema: JsonSchema, example: Ids): Buffer {
  const { properties } = resolved(schema) as { properties: Readonly<Record<string, JsonSchema>> };
  const parts = Object.entries(example).map(([name, value]) =>
    properties[name]?.format === "binary" ? part(name, value, { name: "report.pdf" }) : part(name, value),
  );
  return Buffer.concat([...parts, end]);
}

function exampleOf(schema: JsonSchema): unknown {
  return (resolved(schema).examples as unknown[] | undefined)?.[0];
}

/** Everything but what anybody may ask without a key. */
export const guarded = operations.filter(({ scope }) => scope !== null);
/** What an owner does with a thing that the path names. */
export const ownable = guarded.filter(({ scope, resources }) => scope !== "admin" && Object.keys(resources).length > 0);
/** What an owner does that names nothing in its path. */
export const nameless = guarded.filter(
  ({ scope, resources }) => scope !== "admin" && Object.keys(resources).length === 0,
);

/** For `test.each`. */
export function casesOf(some: readonly Operation[]): [name: string, operation: Operation][] {
  return some.map((operation) => [`${operation.method} ${operation.path}`, operation]);
}
