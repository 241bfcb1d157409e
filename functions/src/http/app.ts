import { type Context, Hono } from "hono";
import type { Deps } from "../deps.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { problemOf } from "../domain/problem.ts";
import { createIdentify } from "./identity.ts";
import { createRateLimit } from "./rate-limit.ts";
import { requestIdOf } from "./request-id.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes/index.ts";
import { serveRoute } from "./serve-route.ts";

type Env = { readonly Variables: { requestId: string; route: string; error: BoomerangError } };

/** The HTTP API. Every error leaves it as a problem answer (RFC 9457), and every request as one line in the log. */
export function createApp(deps: Deps): Hono<Env> {
  const app = new Hono<Env>({ strict: false });
  const gate = { identify: createIdentify(deps), countRequest: createRateLimit(deps) };

  app.use(async (context, next) => {
    const startedAt = performance.now();
    context.set("requestId", requestIdOf(context.req.header("x-request-id"), deps.newId));
    await next();
    context.res.headers.set("x-request-id", context.get("requestId"));
    logRequest(deps, context, Math.round(performance.now() - startedAt));
  });

  for (const route of routes) {
    app.on(route.spec.method.toUpperCase(), honoPath(route), async (context) => {
      context.set("route", route.spec.path);
      return await serveRoute(deps, gate, route, context);
    });
  }

  const refuse = (thrown: unknown, context: Context<Env>): Response => {
    const error = thrown instanceof BoomerangError ? thrown : internal(thrown);
    context.set("error", error);
    const body = { ...problemOf(error), request_id: context.get("requestId") };
    const headers = { "content-type": "application/problem+json", ...error.headers };
    return new Response(JSON.stringify(body), { status: error.status, headers });
  };
  app.onError(refuse);
  app.notFound(async (context) => {
    const { method, path, raw } = context.req;
    try {
      // Without a key nobody learns which routes there are, but for those that the reference shows.
      if (/^\/api\/(v1|webhooks)(\/|$)/.test(path)) await gate.identify(raw.headers);
      return refuse(noSuchRoute(method, path), context);
    } catch (error) {
      return refuse(error, context);
    }
  });
  return app;
}

/** `/tasks/{id}` as `/tasks/:id`. */
function honoPath({ spec }: Route): string {
  return spec.path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** 405 where the path is right, and only the method is not. */
function noSuchRoute(method: string, path: string): BoomerangError {
  const allowed = routes
    .filter(({ spec }) => pattern(spec.path).test(path))
    .map(({ spec }) => spec.method.toUpperCase());
  if (allowed.length === 0) return new BoomerangError("not_found", `There is no ${method} ${path}.`, { status: 404 });
  const methods = [...new Set(allowed.flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name])))]
    .sort()
    .join(", ");
  const message = `${path} takes ${methods}, not ${method}.`;
  return new BoomerangError("method_not_allowed", message, { status: 405, headers: { Allow: methods } });
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}/?$`);
}

function logRequest(deps: Deps, context: Context<Env>, durationMs: number): void {
  const { method, path } = context.req;
  const fields = { requestId: context.get("requestId"), method, path, route: context.get("route") };
  const error: BoomerangError | undefined = context.get("error");
  const { status } = context.res;
  if (error === undefined) {
    deps.log.info("api: answered", { ...fields, status, durationMs });
    return;
  }
  const refused = { ...fields, status, durationMs, errorCode: error.code };
  if (status < 500) deps.log.info("api: refused", refused);
  else deps.log.error("api: failed", { ...refused, reason: messageOf(error.cause ?? error) });
}

function internal(cause: unknown): BoomerangError {
  const message = "Something went wrong with us, not with your request. Try again in a moment.";
  return new BoomerangError("internal", message, { status: 500, retryable: true, cause });
}
