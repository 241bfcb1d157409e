import { Hono } from "hono";
import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { fromStorable } from "../../domain/storable.ts";
import { parseFields } from "../../domain/validation.ts";
import { derivedId } from "../../tasks/submit.ts";
import { publishEvent } from "../../webhooks/publish-event.ts";
import { type RecentEvent, recentEvents } from "../../webhooks/recent-events.ts";
import { eventType } from "../../webhooks/webhook-settings.ts";
import { idempotencyKey } from "../idempotency-key.ts";
import { type AppEnv, requireScope } from "../identity.ts";
import { readJson } from "../read-body.ts";

const maxPayloadBytes = 256 * 1_024;

const eventBody = z.strictObject({
  type: eventType,
  payload: z
    .record(z.string(), z.unknown())
    .refine(
      (payload) => Buffer.byteLength(JSON.stringify(payload)) <= maxPayloadBytes,
      `is larger than ${maxPayloadBytes} bytes`,
    )
    .default({}),
});

/** `/api/v1/events`: what the application itself publishes. */
export function eventRoutes(deps: Deps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.post("/", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "webhooks");
    const { ownerId } = identity;
    const { type, payload } = parseFields(eventBody, await readJson(context));
    const key = idempotencyKey(context.req.header("idempotency-key"));
    const id = `evt_${key === undefined ? deps.newId() : derivedId("event", ownerId, key)}`;
    const event = await publishEvent(deps, { id, ownerId, type, payload });
    return context.json(
      {
        id: event.id,
        type: event.type,
        payload: fromStorable(event.payload),
        created_at: event.createdAt.toDate().toISOString(),
      },
      202,
    );
  });

  routes.get("/", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "tasks:read");
    const { data, nextCursor } = await recentEvents(deps, identity.ownerId, context.req.query());
    return context.json({ data: data.map(eventView), next_cursor: nextCursor });
  });

  return routes;
}

function eventView({ id, type, at, taskId, status, progress, message, payload }: RecentEvent) {
  const task = taskId === null ? {} : { task_id: taskId, status, progress, message };
  return { id, type, created_at: new Date(at).toISOString(), ...task, ...(taskId === null ? { payload } : {}) };
}
