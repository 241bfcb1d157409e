import { z } from "zod";
import { findTask } from "../../../tasks/find-task.ts";
import { derivedId, submitTask } from "../../../tasks/submit.ts";
import { prompt, url } from "../../../tasks/task-request.ts";
import { finalDelivery } from "../../../webhooks/final-delivery.ts";
import { defineRoute, type Route } from "../../route.ts";
import { toTaskRequest } from "../../task-body.ts";
import {
  predictionSchema,
  predictionView,
  webhookStatusSchema,
  webhookStatusView,
} from "../../views/compatible/prediction-view.ts";

const tag = "Prediction";

const job = z
  .strictObject({
    text: prompt.min(1),
    webhook_url: url.nullish().meta({ description: "Called when the job is over, signed in `X-Signature`." }),
  })
  .meta({
    id: "PredictionJob",
    examples: [{ text: "Great product!", webhook_url: "https://your-server.example.com/callback" }],
  });

/** The prediction service's requests; the service that does the work is the one registered as `predict`. */
export const predictionRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "post",
      path: "/predict",
      operationId: "predict",
      tag,
      summary: "Submit a job to the service `predict`",
      scope: "tasks:write",
      params: {},
      body: job,
      idempotent: true,
      answers: { 202: { description: "It is stored, and will be sent out.", schema: predictionSchema } },
      problems: { 409: ["idempotency_key_reused"], 422: ["unknown_service", "unknown_provider", "url_not_allowed"] },
    },
    async (deps, { identity, body: { text, webhook_url }, idempotencyKey: key }) => {
      const request = toTaskRequest(identity, {
        service: "predict",
        prompt: text,
        parameters: { text },
        metadata: {},
        priority: 0,
        callback_url: webhook_url,
        callback_format: "predict",
      });
      const id = key === undefined ? undefined : derivedId("idempotency-key", identity.ownerId, key);
      const { task } = await submitTask(deps, request, id);
      return { status: 202, body: predictionView(task) };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/webhooks/{id}/status",
      operationId: "getPredictionWebhookStatus",
      tag,
      summary: "Whether a job's webhook was delivered",
      scope: "tasks:read",
      params: { id: "task" },
      answers: { 200: { description: "With every attempt.", schema: webhookStatusSchema } },
      problems: { 404: ["task_not_found"] },
    },
    async (deps, { identity, params }) => {
      const task = await findTask(deps.db, identity, params.id);
      return { status: 200, body: webhookStatusView(task, await finalDelivery(deps, task)) };
    },
  ),
];
