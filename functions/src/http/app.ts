import { Hono, type MiddlewareHandler } from "hono";
import type { Deps } from "../deps.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { problemOf } from "../domain/problem.ts";
import { type AppEnv, createIdentify, requireScope } from "./identity.ts";
import { deliveryRoutes } from "./routes/deliveries.ts";
import { eventRoutes } from "./routes/events.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { webhookRoutes } from "./routes/webhooks.ts";

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
  const authenticate: MiddlewareHandler<AppEnv> = async (context, next) => {
    context.set("identity", await identify(context.req.raw.headers));
    await next();
  };
  app.use("/api/v1/*", authenticate);
  app.use("/api/webhooks/*", authenticate);
  app.route("/api/v1/tasks", taskRoutes(deps));
  app.route("/api/v1/webhooks", webhookRoutes(deps, "standard"));
  app.route("/api/v1/deliveries", deliveryRoutes(deps));
  app.route("/api/v1/events", eventRoutes(deps));
  app.get("/api/v1/signing-secret", (context) => {
    const identity = context.get("identity");
    requireScope(identity, "webhooks");
    return context.json({ secrets: deps.keys.ownerSecrets(identity.ownerId) });
  });
  app.route("/api/webhooks", webhookRoutes(deps, "taskflow"));
  return app;
}

function internal(cause: unknown): BoomerangError {
  const message = "Something went wrong with us, not with your request. Try again in a moment.";
  return new BoomerangError("internal", message, { status: 500, retryable: true, cause });
}
