import { Hono } from "hono";
import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { invalidFields, parseFields } from "../../domain/validation.ts";
import { deliveriesOfWebhook } from "../../webhooks/find-deliveries.ts";
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  findWebhook,
  listWebhooks,
  rotateSecret,
} from "../../webhooks/manage.ts";
import { findReplay, startReplay } from "../../webhooks/replay.ts";
import { testWebhook } from "../../webhooks/test-webhook.ts";
import { eventType, secretToken, webhookBody, webhookPatch } from "../../webhooks/webhook-settings.ts";
import { deliveryView, replayView, webhookView } from "../delivery-view.ts";
import { type AppEnv, requireScope } from "../identity.ts";
import { readJson, readOptionalJson } from "../read-body.ts";

const testBody = z.strictObject({ event_type: eventType, sample_data: z.record(z.string(), z.unknown()).default({}) });
const rotateBody = z.strictObject({ secret_token: secretToken.nullish() });
/** ISO 8601 with its offset, as milliseconds since 1970. */
const time = z.iso
  .datetime({ offset: true, error: "must be a time in ISO 8601 with its offset, such as 2026-01-31T12:00:00Z" })
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= 0, "must be after 1970");
const replayBody = z.strictObject({
  since: time,
  until: time.nullish(),
  status: z.enum(["dead", "all"]).default("all"),
});

/** `/api/v1/webhooks`, and `/api/webhooks`, where the format is TaskFlow's unless the body says otherwise. */
export function webhookRoutes(deps: Deps, defaultFormat: string): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.use(async (context, next) => {
    requireScope(context.get("identity"), "webhooks");
    await next();
  });

  routes.post("/", async (context) => {
    const settings = parseFields(webhookBody(defaultFormat), await readJson(context));
    const { webhook, secret } = await createWebhook(deps, context.get("identity").ownerId, settings);
    context.header("Location", `${context.req.path.replace(/\/$/, "")}/${webhook.id}`);
    return context.json({ ...webhookView(deps.keys, webhook), secret_token: secret }, 201);
  });

  routes.get("/", async (context) => {
    const all = await listWebhooks(deps, context.get("identity").ownerId);
    return context.json({ data: all.map((webhook) => webhookView(deps.keys, webhook)), next_cursor: null });
  });

  routes.get("/:id", async (context) => {
    const webhook = await findWebhook(deps, context.get("identity"), context.req.param("id"));
    return context.json(webhookView(deps.keys, webhook));
  });

  routes.patch("/:id", async (context) => {
    const changes = parseFields(webhookPatch, await readJson(context));
    const webhook = await changeWebhook(deps, context.get("identity"), context.req.param("id"), changes);
    return context.json(webhookView(deps.keys, webhook));
  });

  routes.delete("/:id", async (context) => {
    await deleteWebhook(deps, context.get("identity"), context.req.param("id"));
    return context.body(null, 204);
  });

  routes.post("/:id/rotate-secret", async (context) => {
    const { secret_token } = parseFields(rotateBody, await readOptionalJson(context));
    const given = secret_token ?? undefined;
    const { webhook, secret } = await rotateSecret(deps, context.get("identity"), context.req.param("id"), given);
    return context.json({ ...webhookView(deps.keys, webhook), secret_token: secret });
  });

  routes.post("/:id/test", async (context) => {
    const body = parseFields(testBody, await readJson(context));
    const webhook = await findWebhook(deps, context.get("identity"), context.req.param("id"));
    const sent = await testWebhook(deps, webhook, body.event_type, body.sample_data);
    return context.json({
      delivered: sent.verdict === "delivered",
      status_code: sent.statusCode,
      duration_ms: sent.durationMs,
      error: sent.error,
      response_body: sent.responseBody,
    });
  });

  routes.get("/:id/deliveries", async (context) => {
    const webhook = await findWebhook(deps, context.get("identity"), context.req.param("id"));
    const { data, page, nextPage } = await deliveriesOfWebhook(deps, webhook.id, context.req.query());
    return context.json({ data: data.map(deliveryView), page, next_page: nextPage, next_cursor: null });
  });

  routes.post("/:id/replay", async (context) => {
    const body = parseFields(replayBody, await readJson(context));
    const webhook = await findWebhook(deps, context.get("identity"), context.req.param("id"));
    const until = body.until ?? deps.now();
    if (body.since >= until) {
      const field = body.until == null ? "since" : "until";
      throw invalidFields([{ field, message: field === "since" ? "must be in the past" : "must be after since" }]);
    }
    const replay = await startReplay(deps, webhook, { ...body, until });
    context.header("Location", `${context.req.path}s/${replay.id}`);
    return context.json(replayView(replay), 202);
  });

  routes.get("/:id/replays/:replayId", async (context) => {
    const webhook = await findWebhook(deps, context.get("identity"), context.req.param("id"));
    return context.json(replayView(await findReplay(deps, webhook.id, context.req.param("replayId"))));
  });

  return routes;
}
