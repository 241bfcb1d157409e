import { Hono } from "hono";
import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { BoomerangError } from "../../domain/errors.ts";
import { completed, failed } from "../../domain/outcome.ts";
import { parseFields } from "../../domain/validation.ts";
import { cancelTask } from "../../tasks/cancel.ts";
import { findTask } from "../../tasks/find-task.ts";
import { type Resolution, resolveTask } from "../../tasks/resolve.ts";
import { retryTask } from "../../tasks/retry.ts";
import { derivedId, submitTask } from "../../tasks/submit.ts";
import { type AppEnv, requireScope } from "../identity.ts";
import { readJson } from "../read-body.ts";
import { toTaskRequest } from "../task-body.ts";
import { taskView } from "../task-view.ts";

const resolveBody = z.union([
  z.strictObject({ from: z.literal("late_callback") }),
  z.strictObject({
    status: z.enum(["completed", "failed"]),
    result_url: z
      .url({ protocol: /^(https?|gs)$/ })
      .max(8_192)
      .nullish(),
    result: z.unknown().optional(),
    error: z.string().min(1).max(32_768).nullish(),
  }),
]);

/** `/api/v1/tasks` */
export function taskRoutes(deps: Deps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.post("/", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:write");
    const request = toTaskRequest(identity, await readJson(context));
    const key = idempotencyKey(context.req.header("idempotency-key"));
    const id = key === undefined ? undefined : derivedId("idempotency-key", identity.ownerId, key);
    const { task } = await submitTask(deps, request, id);
    context.header("Location", `/api/v1/tasks/${task.correlationId}`);
    return context.json(taskView(task), 202);
  });

  routes.get("/:id", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:read");
    return context.json(taskView(await findTask(deps.db, identity, context.req.param("id"))));
  });

  routes.post("/:id/cancel", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:write");
    return context.json(taskView(await cancelTask(deps, identity, context.req.param("id"))));
  });

  routes.post("/:id/retry", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:write");
    const { task } = await retryTask(deps, identity, context.req.param("id"));
    context.header("Location", `/api/v1/tasks/${task.correlationId}`);
    return context.json(taskView(task), 202);
  });

  routes.post("/:id/resolve", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "admin");
    const resolution = toResolution(parseFields(resolveBody, await readJson(context)));
    return context.json(taskView(await resolveTask(deps, identity, context.req.param("id"), resolution)));
  });

  return routes;
}

function toResolution(body: z.infer<typeof resolveBody>): Resolution {
  if ("from" in body) return "late_callback";
  if (body.status === "failed") return failed("resolved", body.error ?? "Ended by an operator.");
  return completed({ ...(body.result_url == null ? {} : { resultUrl: body.result_url }), result: body.result ?? null });
}

/** draft-ietf-httpapi-idempotency-key-header; the length is ours. */
function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x20-\x7e]{1,255}$/.test(header)) return header;
  const message = "must be 1 to 255 printable ASCII characters";
  throw new BoomerangError("validation_failed", `Idempotency-Key ${message}.`, {
    status: 400,
    errors: [{ field: "Idempotency-Key", message }],
  });
}
