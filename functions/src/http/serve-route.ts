import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import { parseFields } from "../domain/validation.ts";
import { idempotencyKey } from "./idempotency-key.ts";
import { type Identify, nobody, requireScope } from "./identity.ts";
import { withoutEmpty } from "./list-query.ts";
import type { CountRequest } from "./rate-limit.ts";
import { readJson } from "./read-body.ts";
import type { Route } from "./route.ts";

/** What stands before every route. */
export interface Gate {
  readonly identify: Identify;
  readonly countRequest: CountRequest;
}

/**
 * Serves one request of a route: who asks, whether they ask too often, whether they may, whether what they say is right;
 * and only then the route itself. Throws a `BoomerangError` for whatever is refused.
 */
export async function serveRoute(deps: Deps, gate: Gate, { spec, handle }: Route, context: Context): Promise<Response> {
  const identity = spec.scope === null ? nobody : await gate.identify(context.req.raw.headers);
  if (spec.scope !== null) {
    await gate.countRequest(identity.caller);
    requireScope(identity, spec.scope);
  }
  const { req } = context;
  const answer = await handle(deps, {
    identity,
    params: req.param(),
    query: spec.query === undefined ? undefined : parseFields(spec.query, withoutEmpty(req.query())),
    body:
      spec.body === undefined || spec.bodyType !== undefined
        ? undefined
        : parseFields(spec.body, await readJson(req.raw, { optional: spec.bodyOptional === true })),
    idempotencyKey: spec.idempotent === true ? idempotencyKey(req.header("idempotency-key")) : undefined,
    path: req.path.replace(/\/$/, ""),
    raw: req.raw,
  });
  if (answer instanceof Response) return answer;
  const { status, body, headers = {} } = answer;
  if (body === undefined) return new Response(null, { status, headers });
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}
