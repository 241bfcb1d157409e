import { z } from "zod";
import { parseFields } from "../../../domain/validation.ts";
import { findTask } from "../../../tasks/find-task.ts";
import { derivedId, submitTask } from "../../../tasks/submit.ts";
import { documentId, metadata, params, priority, prompt, serviceName, url } from "../../../tasks/task-request.ts";
import { eventSource } from "../../../webhooks/outgoing-event.ts";
import { defineRoute, type Route } from "../../route.ts";
import { toTaskRequest } from "../../task-body.ts";
import {
  submittedSchema,
  submittedView,
  taskStatusSchema,
  taskStatusView,
} from "../../views/compatible/task-service-view.ts";

const tag = "Task Service";

const submission = z
  .strictObject({
    // Its receivers expect it in every callback.
    project_id: documentId,
    task_type: serviceName.meta({ description: "A registered service." }),
    priority: priority.default(0),
    callback_url: url
      .nullish()
      .meta({ description: "Where the end of the task is told, in the Task Service's shape." }),
    parameters: params.default({}).meta({ description: "Go to the service whole. `prompt` is text." }),
    metadata: metadata.default({}).meta({ description: "Yours: comes back in the callback." }),
  })
  .meta({
    id: "TaskServiceTask",
    examples: [
      {
        project_id: "detective_series_001",
        task_type: "video_generation",
        priority: 1,
        callback_url: "https://your-app.example.com/api/webhooks/task-complete",
        parameters: { prompt: "Generate a detective scene", duration: 30 },
        metadata: { userId: "user-123", testResultId: "result-456" },
      },
    ],
  });
const withPrompt = z.object({ parameters: z.object({ prompt: prompt.nullish() }) });

/** The Task Service's requests. */
export const taskServiceRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "post",
      path: "/api/v1/tasks/submit",
      operationId: "submitTaskServiceTask",
      tag,
      summary: "Submit a task",
      scope: "tasks:write",
      params: {},
      body: submission,
      idempotent: true,
      answers: {
        202: {
          description: "It is stored, and will be sent out.",
          schema: submittedSchema,
          headers: { Location: "Where its status is." },
        },
      },
      problems: { 409: ["idempotency_key_reused"], 422: ["unknown_service", "unknown_provider", "url_not_allowed"] },
    },
    async (deps, { identity, body, idempotencyKey: key }) => {
      const { task_type: service, ...said } = body;
      const { parameters } = parseFields(withPrompt, body);
      const own = { service, prompt: parameters.prompt ?? "", callback_format: "task-service" } as const;
      const id = key === undefined ? undefined : derivedId("idempotency-key", identity.ownerId, key);
      const { task } = await submitTask(deps, toTaskRequest(identity, { ...said, ...own }), id);
      const headers = { Location: `/api/v1/tasks/${task.correlationId}/status` };
      return { status: 202, body: submittedView(task), headers };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/tasks/{id}/status",
      operationId: "getTaskServiceStatus",
      tag,
      summary: "How a task stands",
      description: "When it is over, with what the callback says.",
      scope: "tasks:read",
      params: { id: "task" },
      answers: { 200: { description: "Its status.", schema: taskStatusSchema } },
      problems: { 404: ["task_not_found"] },
    },
    async (deps, { identity, params: { id } }) => {
      const task = await findTask(deps.db, identity, id);
      return { status: 200, body: taskStatusView(task, eventSource(deps.config)) };
    },
  ),
];
