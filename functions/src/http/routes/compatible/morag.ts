import { z } from "zod";
import { moragBody } from "../../../formats/morag.ts";
import { findTask } from "../../../tasks/find-task.ts";
import { eventSource, taskEvents } from "../../../webhooks/outgoing-event.ts";
import { recentOutgoingEvents } from "../../../webhooks/recent-outgoing-events.ts";
import { cursor, wholeNumber } from "../../list-query.ts";
import { defineRoute, type Route } from "../../route.ts";
import { moragEventList, moragStatusSchema, moragStatusView } from "../../views/compatible/morag-view.ts";

const tag = "MoRAG";
const scope = "tasks:read";
const notFound = { 404: ["task_not_found"] } as const;

/** MoRAG's requests about tasks and events; files come in by `ingest-file.ts`. */
export const moragRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "get",
      path: "/api/v1/status/{id}",
      operationId: "getMoragStatus",
      tag,
      summary: "How a task stands",
      scope,
      params: { id: "task" },
      answers: { 200: { description: "What the last webhook said.", schema: moragStatusSchema } },
      problems: notFound,
    },
    async (deps, { identity, params: { id } }) => {
      const task = await findTask(deps.db, identity, id);
      return { status: 200, body: moragStatusView(task, eventSource(deps.config)) };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/status/{id}/history",
      operationId: "getMoragHistory",
      tag,
      summary: "What happened to a task, oldest first",
      description: "All of it on one page: a task has few events.",
      scope,
      params: { id: "task" },
      answers: { 200: { description: "Its events, as webhooks tell of them.", schema: moragEventList } },
      problems: notFound,
    },
    async (deps, { identity, params: { id } }) => {
      const task = await findTask(deps.db, identity, id);
      const data = taskEvents(task, eventSource(deps.config)).map(moragBody);
      return { status: 200, body: { data, next_cursor: null } };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/status/events/recent",
      operationId: "listMoragEvents",
      tag,
      summary: "What happened of late, newest first",
      scope,
      params: {},
      query: z.strictObject({ hours: wholeNumber(168, 24), limit: wholeNumber(500, 100), cursor }),
      answers: { 200: { description: "A page of events, as webhooks tell of them.", schema: moragEventList } },
    },
    async (deps, { identity, query }) => {
      const { data, nextCursor } = await recentOutgoingEvents(deps, identity.ownerId, query);
      return { status: 200, body: { data: data.map(moragBody), next_cursor: nextCursor } };
    },
  ),
];
