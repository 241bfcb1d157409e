import { z } from "zod";
import { invalidFields } from "../../domain/validation.ts";
import { deliveriesOfWebhook, maxPage } from "../../webhooks/find-deliveries.ts";
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
import { time, wholeNumber } from "../list-query.ts";
import { oneOwner, ownerOf } from "../owner-query.ts";
import { defineRoute, type Route } from "../route.ts";
import { deliverySchema, deliveryView } from "../views/delivery-view.ts";
import { replaySchema, replayView } from "../views/replay-view.ts";
import { listOf } from "../views/view.ts";
import { webhookSchema, webhookView, webhookWithSecretSchema } from "../views/webhook-view.ts";
import { deliveryStatus } from "./deliveries.ts";

const testBody = z
  .strictObject({ event_type: eventType, sample_data: z.record(z.string(), z.unknown()).default({}) })
  .meta({ id: "WebhookTest", examples: [{ event_type: "job.completed", sample_data: { custom: "test data" } }] });
const testOutcome = z
  .strictObject({
    delivered: z.boolean(),
    status_code: z.int().nullable(),
    duration_ms: z.int(),
    error: z.string().nullable(),
    response_body: z.string().nullable(),
  })
  .meta({
    id: "WebhookTestOutcome",
    examples: [{ delivered: true, status_code: 200, duration_ms: 84, error: null, response_body: "ok" }],
  });
const rotateBody = z
  .strictObject({ secret_token: secretToken.nullish().meta({ description: "One is made where it is left out." }) })
  .meta({ id: "SecretRotation", examples: [{ secret_token: "your-next-secret-token" }] });
const replayBody = z
  .strictObject({
    since: time,
    until: time.nullish().meta({ description: "Now, where it is left out." }),
    status: z.enum(["dead", "all"]).default("all"),
  })
  .meta({ id: "ReplayRequest", examples: [{ since: "2026-01-15T00:00:00Z", status: "dead" }] });
const deliveryPage = z
  .strictObject({
    data: z.array(deliverySchema),
    page: z.int(),
    next_page: z.int().nullable().meta({ description: "Null on the last one." }),
    next_cursor: z.null().meta({ description: "This list goes by `page`." }),
  })
  .meta({ examples: [{ data: deliverySchema.meta()?.examples, page: 1, next_page: null, next_cursor: null }] });

/** `/api/v1/webhooks`, and `/api/webhooks`, where the format is TaskFlow's unless the body says otherwise. */
export function webhookRoutes(
  base: "/api/v1/webhooks" | "/api/webhooks",
  defaultFormat: "standard" | "taskflow",
): readonly Route[] {
  const taskflow = defaultFormat === "taskflow";
  const common = { tag: taskflow ? "TaskFlow" : "Webhooks", scope: "webhooks" } as const;
  const named = (operationId: string) => ({
    operationId: taskflow ? `taskflow${operationId[0]?.toUpperCase()}${operationId.slice(1)}` : operationId,
  });
  const one = { ...common, params: { id: "webhook" } } as const;
  const notFound = { 404: ["webhook_not_found"] } as const;

  return [
    defineRoute(
      {
        ...common,
        ...named("createWebhook"),
        method: "post",
        path: base,
        summary: "Subscribe an endpoint to events",
        description: `At most 10 for each owner. Its format is \`${defaultFormat}\` unless you say otherwise.`,
        params: {},
        body: webhookBody(defaultFormat),
        answers: {
          201: {
            description: "It is made. Its secret is in this answer, and never again.",
            schema: webhookWithSecretSchema,
            headers: { Location: "Where the webhook is." },
          },
        },
        problems: { 409: ["name_taken", "too_many_webhooks"], 422: ["url_not_allowed"] },
      },
      async (deps, { identity, body }) => {
        const { webhook, secret } = await createWebhook(deps, identity.ownerId, body);
        const view = { ...webhookView(deps.keys, webhook), secret_token: secret };
        return { status: 201, body: view, headers: { Location: `${base}/${webhook.id}` } };
      },
    ),
    defineRoute(
      {
        ...common,
        ...named("listWebhooks"),
        method: "get",
        path: base,
        summary: "Your webhooks, oldest first",
        params: {},
        query: z.strictObject({ owner_id: oneOwner }),
        answers: { 200: { description: "All of them.", schema: listOf(webhookSchema) } },
      },
      async (deps, { identity, query }) => {
        const all = await listWebhooks(deps, ownerOf(identity, query.owner_id));
        const data = all.map((webhook) => webhookView(deps.keys, webhook));
        return { status: 200, body: { data, next_cursor: null } };
      },
    ),
    defineRoute(
      {
        ...one,
        ...named("getWebhook"),
        method: "get",
        path: `${base}/{id}`,
        summary: "A webhook",
        answers: { 200: { description: "The webhook.", schema: webhookSchema } },
        problems: notFound,
      },
      async (deps, { identity, params }) => {
        return { status: 200, body: webhookView(deps.keys, await findWebhook(deps, identity, params.id)) };
      },
    ),
    defineRoute(
      {
        ...one,
        ...named("changeWebhook"),
        method: "patch",
        path: `${base}/{id}`,
        summary: "Change a webhook",
        description: "The fields that are given. `is_active: true` enables one that was disabled.",
        body: webhookPatch,
        answers: { 200: { description: "As it is now.", schema: webhookSchema } },
        problems: { ...notFound, 409: ["name_taken"], 422: ["url_not_allowed"] },
      },
      async (deps, { identity, params, body }) => {
        return { status: 200, body: webhookView(deps.keys, await changeWebhook(deps, identity, params.id, body)) };
      },
    ),
    defineRoute(
      {
        ...one,
        ...named("deleteWebhook"),
        method: "delete",
        path: `${base}/{id}`,
        summary: "Delete a webhook",
        description: "Deliveries that are on their way end as dead.",
        answers: { 204: { description: "It is gone." } },
        problems: notFound,
      },
      async (deps, { identity, params }) => {
        await deleteWebhook(deps, identity, params.id);
        return { status: 204 };
      },
    ),
    defineRoute(
      {
        ...one,
        ...named("rotateSecret"),
        method: "post",
        path: `${base}/{id}/rotate-secret`,
        summary: "Give a webhook a new secret",
        description: "The one before signs beside it for 24 hours.",
        body: rotateBody,
        bodyOptional: true,
        answers: { 200: { description: "With the new secret, this once.", schema: webhookWithSecretSchema } },
        problems: notFound,
      },
      async (deps, { identity, params, body }) => {
        const { webhook, secret } = await rotateSecret(deps, identity, params.id, body.secret_token ?? undefined);
        return { status: 200, body: { ...webhookView(deps.keys, webhook), secret_token: secret } };
      },
    ),
    defineRoute(
      {
        ...one,
        ...named("testWebhook"),
        method: "post",
        path: `${base}/{id}/test`,
        summary: "Send one signed request now",
        body: testBody,
        answers: { 200: { description: "What came of it.", schema: testOutcome } },
        problems: { ...notFound, 422: ["no_such_shape"] },
      },
      async (deps, { identity, params, body }) => {
        const webhook = await findWebhook(deps, identity, params.id);
        const sent = await testWebhook(deps, webhook, body.event_type, body.sample_data);
        const outcome = {
          delivered: sent.verdict === "delivered",
          status_code: sent.statusCode,
          duration_ms: sent.durationMs,
          error: sent.error,
          response_body: sent.responseBody,
        };
        return { status: 200, body: outcome };
      },
    ),
    defineRoute(
      {
        ...one,
        ...named("listWebhookDeliveries"),
        method: "get",
        path: `${base}/{id}/deliveries`,
        summary: "A webhook's deliveries, newest first",
        query: z.strictObject({ status: deliveryStatus, page: wholeNumber(maxPage, 1) }),
        answers: { 200: { description: "A page of them.", schema: deliveryPage } },
        problems: notFound,
      },
      async (deps, { identity, params, query }) => {
        const webhook = await findWebhook(deps, identity, params.id);
        const { data, nextPage } = await deliveriesOfWebhook(deps, webhook.id, query);
        const body = { data: data.map(deliveryView), page: query.page, next_page: nextPage, next_cursor: null };
        return { status: 200, body };
      },
    ),
    defineRoute(
      {
        ...one,
        ...named("replayWebhook"),
        method: "post",
        path: `${base}/{id}/replay`,
        summary: "Send a time range again",
        description: "All of its deliveries, or only the dead ones; five a second at most.",
        body: replayBody,
        answers: {
          202: {
            description: "It has begun.",
            schema: replaySchema,
            headers: { Location: "Where its progress is." },
          },
        },
        problems: notFound,
      },
      async (deps, { identity, params, body, path }) => {
        const webhook = await findWebhook(deps, identity, params.id);
        const until = body.until ?? deps.now();
        if (body.since >= until) {
          const field = body.until == null ? "since" : "until";
          throw invalidFields([{ field, message: field === "since" ? "must be in the past" : "must be after since" }]);
        }
        const replay = await startReplay(deps, webhook, { ...body, until });
        return { status: 202, body: replayView(replay), headers: { Location: `${path}s/${replay.id}` } };
      },
    ),
    defineRoute(
      {
        ...common,
        ...named("getReplay"),
        method: "get",
        path: `${base}/{id}/replays/{replay_id}`,
        params: { id: "webhook", replay_id: "replay" },
        summary: "How far a replay is",
        answers: { 200: { description: "The replay.", schema: replaySchema } },
        problems: { 404: ["webhook_not_found", "replay_not_found"] },
      },
      async (deps, { identity, params }) => {
        const webhook = await findWebhook(deps, identity, params.id);
        return { status: 200, body: replayView(await findReplay(deps, webhook.id, params.replay_id)) };
      },
    ),
  ];
}
