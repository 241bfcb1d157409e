import { z } from "zod";
import { statuses } from "../../domain/task-state.ts";
import { cancelTask } from "../../tasks/cancel.ts";
import { findTask } from "../../tasks/find-task.ts";
import { listTasks } from "../../tasks/list-tasks.ts";
import { resolveTask } from "../../tasks/resolve.ts";
import { retryTask } from "../../tasks/retry.ts";
import { derivedId, submitTask } from "../../tasks/submit.ts";
import { documentId, serviceName, taskBody } from "../../tasks/task-request.ts";
import { deliveriesOfTask } from "../../webhooks/find-deliveries.ts";
import { eventsOfTask } from "../../webhooks/recent-events.ts";
import { cursor, time, wholeNumber } from "../list-query.ts";
import { ownerOrAll, ownersOf } from "../owner-query.ts";
import { resolveBody, toResolution } from "../resolve-body.ts";
import { defineRoute, type Route } from "../route.ts";
import { toTaskRequest } from "../task-body.ts";
import { deliveryView } from "../views/delivery-view.ts";
import { taskEventSchema, taskEventView } from "../views/event-view.ts";
import { taskSchema, taskView } from "../views/task-view.ts";
import { listOf } from "../views/view.ts";
import { deliveryList, deliveryQuery } from "./deliveries.ts";

const tag = "Tasks";
const taskQuery = z.strictObject({
  status: z.enum(statuses).optional(),
  project_id: documentId.optional(),
  service: serviceName.optional(),
  user_id: documentId.optional(),
  since: time.optional().meta({ description: "Submitted then or later." }),
  until: time.optional().meta({ description: "Submitted before." }),
  limit: wholeNumber(100, 20),
  cursor,
  owner_id: ownerOrAll,
});
const location = { Location: "Where the task is." };

/** `/api/v1/tasks` */
export const taskRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "post",
      path: "/api/v1/tasks",
      operationId: "submitTask",
      tag,
      summary: "Have slow work done by a service",
      description: "Only an admin may name a `webhook_url` instead of a registered `service`.",
      scope: "tasks:write",
      params: {},
      body: taskBody,
      idempotent: true,
      answers: { 202: { description: "It is stored, and will be sent out.", schema: taskSchema, headers: location } },
      problems: { 409: ["idempotency_key_reused"], 422: ["unknown_service", "unknown_provider", "url_not_allowed"] },
    },
    async (deps, { identity, body, idempotencyKey: key }) => {
      const id = key === undefined ? undefined : derivedId("idempotency-key", identity.ownerId, key);
      const { task } = await submitTask(deps, toTaskRequest(identity, body), id);
      return { status: 202, body: taskView(task), headers: { Location: `/api/v1/tasks/${task.correlationId}` } };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/tasks",
      operationId: "listTasks",
      tag,
      summary: "Your tasks, newest first",
      description: "Those that every given filter fits.",
      scope: "tasks:read",
      params: {},
      query: taskQuery,
      answers: { 200: { description: "A page of them.", schema: listOf(taskSchema) } },
    },
    async (
      deps,
      { identity, query: { owner_id, limit, cursor, project_id: projectId, user_id: userId, ...filter } },
    ) => {
      const owners = ownersOf(identity, owner_id);
      const { data, nextCursor } = await listTasks(deps, owners, { ...filter, projectId, userId }, { limit, cursor });
      return { status: 200, body: { data: data.map(taskView), next_cursor: nextCursor } };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/tasks/{id}",
      operationId: "getTask",
      tag,
      summary: "How a task stands",
      scope: "tasks:read",
      params: { id: "task" },
      answers: { 200: { description: "The task.", schema: taskSchema } },
      problems: { 404: ["task_not_found"] },
    },
    async (deps, { identity, params }) => ({
      status: 200,
      body: taskView(await findTask(deps.db, identity, params.id)),
    }),
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/tasks/{id}/events",
      operationId: "listTaskEvents",
      tag,
      summary: "What has happened to a task, in order",
      description: "All of it on one page: a task has few events.",
      scope: "tasks:read",
      params: { id: "task" },
      answers: { 200: { description: "Its events.", schema: listOf(taskEventSchema) } },
      problems: { 404: ["task_not_found"] },
    },
    async (deps, { identity, params }) => {
      const task = await findTask(deps.db, identity, params.id);
      const data = eventsOfTask(task.correlationId, task).map(taskEventView);
      return { status: 200, body: { data, next_cursor: null } };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/tasks/{id}/deliveries",
      operationId: "listTaskDeliveries",
      tag,
      summary: "Where a task's events were sent, newest first",
      scope: "tasks:read",
      params: { id: "task" },
      query: deliveryQuery,
      answers: { 200: { description: "A page of them.", schema: deliveryList } },
      problems: { 404: ["task_not_found"] },
    },
    async (deps, { identity, params, query }) => {
      const task = await findTask(deps.db, identity, params.id);
      const { data, nextCursor } = await deliveriesOfTask(deps, task.correlationId, query);
      return { status: 200, body: { data: data.map(deliveryView), next_cursor: nextCursor } };
    },
  ),
  defineRoute(
    {
      method: "post",
      path: "/api/v1/tasks/{id}/cancel",
      operationId: "cancelTask",
      tag,
      summary: "Call an open task off",
      description: "The service is not told.",
      scope: "tasks:write",
      params: { id: "task" },
      answers: { 200: { description: "It is cancelled.", schema: taskSchema } },
      problems: { 404: ["task_not_found"], 409: ["task_is_final"] },
    },
    async (deps, { identity, params }) => ({
      status: 200,
      body: taskView(await cancelTask(deps, identity, params.id)),
    }),
  ),
  defineRoute(
    {
      method: "post",
      path: "/api/v1/tasks/{id}/retry",
      operationId: "retryTask",
      tag,
      summary: "Send a failed, expired or cancelled task out again",
      description: "As a new task with `retry_of`. Asking twice is asking once.",
      scope: "tasks:write",
      params: { id: "task" },
      answers: { 202: { description: "The new task.", schema: taskSchema, headers: location } },
      problems: {
        404: ["task_not_found"],
        409: ["task_not_retryable", "file_gone"],
        422: ["unknown_service", "unknown_provider", "url_not_allowed"],
      },
    },
    async (deps, { identity, params }) => {
      const { task } = await retryTask(deps, identity, params.id);
      return { status: 202, body: taskView(task), headers: { Location: `/api/v1/tasks/${task.correlationId}` } };
    },
  ),
  defineRoute(
    {
      method: "post",
      path: "/api/v1/tasks/{id}/resolve",
      operationId: "resolveTask",
      tag,
      summary: "End a task by hand",
      description: "The one thing that moves a task that is final. The same resolution twice is one.",
      scope: "admin",
      params: { id: "task" },
      body: resolveBody,
      answers: { 200: { description: "The task as it stands now.", schema: taskSchema } },
      problems: { 404: ["task_not_found"], 409: ["no_late_callback"] },
    },
    async (deps, { identity, params, body }) => ({
      status: 200,
      body: taskView(await resolveTask(deps, identity, params.id, toResolution(body))),
    }),
  ),
];
