import type { z } from "zod";
import type { Deps } from "../deps.ts";
import type { Scope } from "./api-keys.ts";
import type { Identity } from "./identity.ts";

/** The things that a path can name. Whoever may not see one is told that there is none. */
export type Resource = "task" | "webhook" | "delivery" | "replay" | "service" | "key";

/** The names in braces of a path: `"id" | "replay_id"` of `/webhooks/{id}/replays/{replay_id}`. */
export type PathNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never;

/** A successful answer, as the reference describes it. */
export interface AnswerSpec {
  readonly description: string;
  /** Left out where there is no body. */
  readonly schema?: z.ZodType;
  /** `application/json` unless said otherwise. */
  readonly contentType?: string;
  /** Its own headers beside `X-Request-Id`, each with its description. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Everything about a route but what it does: what is checked is what is described. */
export interface RouteSpec<Path extends string, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** As OpenAPI writes it, such as `/api/v1/tasks/{id}`. */
  readonly path: Path;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** What the caller must be allowed to do; null where anybody may, without a key. */
  readonly scope: Scope | null;
  /** What each name in the path is an id of. */
  readonly params: Readonly<Record<PathNames<Path>, Resource>>;
  readonly query?: Query;
  readonly body?: Body;
  readonly bodyOptional?: boolean;
  /** A body that is not JSON: the route reads it itself. */
  readonly bodyType?: "multipart/form-data";
  /** Whether it takes an Idempotency-Key. */
  readonly idempotent?: boolean;
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** The codes of its own problem answers, by status; those that every such route has come by themselves. */
  readonly problems?: Readonly<Record<number, readonly string[]>>;
}

/** A request that was checked. */
export interface ApiRequest<Names extends string, Query, Body> {
  /** Nobody's, with no scope, where the route needs no key. */
  readonly identity: Identity;
  readonly params: Readonly<Record<Names, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly idempotencyKey: string | undefined;
  /** The path without its query. */
  readonly path: string;
  /** As it came, for a route that reads its body itself. */
  readonly raw: Request;
}

/** JSON, unless the route answers a whole `Response`. */
export interface JsonAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Handle<Names extends string, Query, Body> = (
  deps: Deps,
  request: ApiRequest<Names, Query, Body>,
) => Promise<JsonAnswer | Response>;

/** A route, whatever it takes. */
export interface Route {
  readonly spec: RouteSpec<string, z.ZodType, z.ZodType>;
  readonly handle: Handle<string, unknown, unknown>;
}

/** A route of the API: how it is reached, what is checked, what it does. All of them are listed in `routes/index.ts`. */
export function defineRoute<
  const Path extends string,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<Path, Query, Body>, handle: Handle<PathNames<Path>, z.output<Query>, z.output<Body>>): Route {
  // What `handle` gets was parsed with the very schemas of `spec`, which the type of a list of routes cannot say.
  return { spec: spec as unknown as Route["spec"], handle: handle as Route["handle"] };
}
