import { Hono } from "hono";
import type { Deps } from "../deps.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { problemOf } from "../domain/problem.ts";
import { type AppEnv, createIdentify } from "./identity.ts";
import { taskRoutes } from "./routes/tasks.ts";

/** The HTTP API below `/api`. Every error leaves it as a problem answer (RFC 9457). */
export function createApp(deps: Deps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const identify = createIdentify(deps.db, deps.now);

  app.onError((error, context) => {
    const known = error instanceof BoomerangError ? error : internal(error);
    const fields = { method: context.req.method, path: context.req.path, status: known.status, errorCode: known.code };
    if (known.status >= 500) deps.log.error("api: failed", { ...fields, reason: messageOf(error) });
    else deps.log.info("api: refused", fields);
    const headers = { "content-type": "application/problem+json", ...known.headers };
    return new Response(JSON.stringify(problemOf(known)), { status: known.status, headers });
  });
  app.notFound((context) => {
    throw new BoomerangError("not_found", `There is no ${context.req.method} ${context.req.path}.`, { status: 404 });
  });

  app.get("/api/v1/health", (context) => context.json({ status: "ok" }));
  app.use("/api/v1/*", async (context, next) => {
    context.set("identity", await identify(context.req.raw.headers));
    await next();
  });
  app.route("/api/v1/tasks", taskRoutes(deps));
  return app;
}

function internal(cause: unknown): BoomerangError {
  const message = "Something went wrong with us, not with your request. Try again in a moment.";
  return new BoomerangError("internal", message, { status: 500, retryable: true, cause });
}
