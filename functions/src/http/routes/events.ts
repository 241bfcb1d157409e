import { z } from "zod";
import { derivedId } from "../../tasks/submit.ts";
import { publishEvent } from "../../webhooks/publish-event.ts";
import { recentEvents } from "../../webhooks/recent-events.ts";
import { eventType } from "../../webhooks/webhook-settings.ts";
import { cursor, wholeNumber } from "../list-query.ts";
import { oneOwner, ownerOf } from "../owner-query.ts";
import { defineRoute, type Route } from "../route.ts";
import { applicationEventSchema, applicationEventView, eventSchema, eventView } from "../views/event-view.ts";
import { listOf } from "../views/view.ts";

const maxPayloadBytes = 256 * 1_024;
const maxHours = 168;

const eventBody = z
  .strictObject({
    type: eventType,
    payload: z
      .record(z.string(), z.unknown())
      .refine(
        (payload) => Buffer.byteLength(JSON.stringify(payload)) <= maxPayloadBytes,
        `is larger than ${maxPayloadBytes} bytes`,
      )
      .default({}),
  })
  .meta({ id: "NewEvent", examples: [{ type: "request.created", payload: { request_id: 123 } }] });

/** `/api/v1/events`: what the application itself publishes, and what happened of late. */
export const eventRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "post",
      path: "/api/v1/events",
      operationId: "publishEvent",
      tag: "Events",
      summary: "Publish an event of your application",
      description: "Every webhook of yours that wants its type hears of it.",
      scope: "webhooks",
      params: {},
      body: eventBody,
      idempotent: true,
      answers: { 202: { description: "It is stored, and will be delivered.", schema: applicationEventSchema } },
      problems: { 409: ["idempotency_key_reused"] },
    },
    async (deps, { identity: { ownerId }, body: { type, payload }, idempotencyKey }) => {
      const id = `evt_${idempotencyKey === undefined ? deps.newId() : derivedId("event", ownerId, idempotencyKey)}`;
      const event = await publishEvent(deps, { id, ownerId, type, payload });
      return { status: 202, body: applicationEventView(event) };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/events",
      operationId: "listEvents",
      tag: "Events",
      summary: "What happened of late, newest first",
      description: "Events of your tasks and of your application together.",
      scope: "tasks:read",
      params: {},
      query: z.strictObject({
        hours: wholeNumber(maxHours, 24),
        limit: wholeNumber(500, 100),
        cursor,
        owner_id: oneOwner,
      }),
      answers: { 200: { description: "A page of them.", schema: listOf(eventSchema) } },
    },
    async (deps, { identity, query: { owner_id, ...query } }) => {
      const { data, nextCursor } = await recentEvents(deps, ownerOf(identity, owner_id), query);
      return { status: 200, body: { data: data.map(eventView), next_cursor: nextCursor } };
    },
  ),
];
