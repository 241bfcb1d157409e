import { Hono } from "hono";
import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { isDocumentId } from "../../domain/document-id.ts";
import { completed, failed } from "../../domain/outcome.ts";
import { parseFields } from "../../domain/validation.ts";
import { cancelTask } from "../../tasks/cancel.ts";
import { findTask, taskNotFound } from "../../tasks/find-task.ts";
import { type Resolution, resolveTask } from "../../tasks/resolve.ts";
import { retryTask } from "../../tasks/retry.ts";
import { derivedId, submitTask } from "../../tasks/submit.ts";
import { metadata } from "../../tasks/task-request.ts";
import { deliveriesOfTask } from "../../webhooks/find-deliveries.ts";
import { deliveryView } from "../delivery-view.ts";
import { idempotencyKey } from "../idempotency-key.ts";
import { type AppEnv, requireScope } from "../identity.ts";
import { readJson } from "../read-body.ts";
import { toTaskRequest } from "../task-body.ts";
import { taskView } from "../task-view.ts";

const forCompleted = "goes with the status completed only";
const resolveBody = z
  .strictObject({
    status: z.enum(["completed", "failed"]),
    result_url: z
      .url({ protocol: /^(https?|gs)$/ })
      .max(8_192)
      .nullish(),
    result: z.unknown().optional(),
    result_metadata: metadata.nullish(),
    error: z.string().min(1).max(32_768).nullish(),
  })
  .refine(({ status, error }) => status === "failed" || error == null, {
    path: ["error"],
    message: "goes with the status failed only",
  })
  .refine(({ status, result }) => status === "completed" || result == null, { path: ["result"], message: forCompleted })
  .refine(({ status, result_url }) => status === "completed" || result_url == null, {
    path: ["result_url"],
    message: forCompleted,
  });
const lateCallbackBody = z.strictObject({ from: z.literal("late_callback") });

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
    return context.json(taskView(await findTask(deps.db, identity, taskId(context.req.param("id")))));
  });

  routes.get("/:id/deliveries", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:read");
    const task = await findTask(deps.db, identity, taskId(context.req.param("id")));
    const { data, nextCursor } = await deliveriesOfTask(deps, task.correlationId, context.req.query());
    return context.json({ data: data.map(deliveryView), next_cursor: nextCursor });
  });

  routes.post("/:id/cancel", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:write");
    return context.json(taskView(await cancelTask(deps, identity, taskId(context.req.param("id")))));
  });

  routes.post("/:id/retry", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:write");
    const { task } = await retryTask(deps, identity, taskId(context.req.param("id")));
    context.header("Location", `/api/v1/tasks/${task.correlationId}`);
    return context.json(taskView(task), 202);
  });

  routes.post("/:id/resolve", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "admin");
    const id = taskId(context.req.param("id"));
    const resolution = toResolution(await readJson(context));
    return context.json(taskView(await resolveTask(deps, identity, id, resolution)));
  });

  return routes;
}

/** A task's id as it stands in a path. Throws `task_not_found` (404) for what cannot be one. */
function taskId(text: string): string {
  if (!isDocumentId(text)) throw taskNotFound(text);
  return text;
}

function toResolution(input: unknown): Resolution {
  if (input !== null && typeof input === "object" && "from" in input) {
    parseFields(lateCallbackBody, input);
    return "late_callback";
  }
  const { status, error, result_url: resultUrl, result, result_metadata } = parseFields(resolveBody, input);
  const resultMetadata = result_metadata ?? null;
  if (status === "failed") return failed("resolved", error ?? "Ended by an operator.", resultMetadata);
  return completed({ ...(resultUrl == null ? {} : { resultUrl }), result: result ?? null, resultMetadata });
}
