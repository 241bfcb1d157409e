import { onDocumentCreated, onDocumentWritten } from "firebase-functions/firestore";
import { onCall, onRequest } from "firebase-functions/https";
import { setGlobalOptions } from "firebase-functions/options";
import { defineSecret } from "firebase-functions/params";
import { onSchedule } from "firebase-functions/scheduler";
import { onTaskDispatched } from "firebase-functions/tasks";
import { readConfig } from "./config.ts";
import { loadOnce } from "./platform/load-once.ts";
import { keepBodiesRaw } from "./platform/raw-body.ts";

/** The deployed functions: name, trigger, options, and a lazy import of what they do. */
const config = readConfig(process.env);
const secret = defineSecret("BOOMERANG_SECRET");

setGlobalOptions({ region: config.region, secrets: [secret] });
if (process.env.FUNCTION_TARGET === "api" || process.env.FUNCTION_TARGET === "webhookCallback") keepBodiesRaw();

const httpOptions = { timeoutSeconds: 60, memory: "512MiB", invoker: "public", cors: false } as const;

/** What they do, loaded when it is first asked for. */
const code = {
  handleApi: loadOnce(() => import("./handlers/api.ts")),
  handleSubmit: loadOnce(() => import("./handlers/submit-task.ts")),
  handleStart: loadOnce(() => import("./handlers/start-task.ts")),
  handlePendingWebhook: loadOnce(() => import("./handlers/on-pending-webhook.ts")),
  handleDispatch: loadOnce(() => import("./handlers/dispatch-task.ts")),
  handleEvent: loadOnce(() => import("./handlers/on-event.ts")),
  handleDelivery: loadOnce(() => import("./handlers/deliver-webhook.ts")),
  handleCallback: loadOnce(() => import("./handlers/webhook-callback.ts")),
  handleExpiry: loadOnce(() => import("./handlers/expire-pending-webhooks.ts")),
};

/** The HTTP API. */
export const api = onRequest(httpOptions, async (request, response) => {
  const { handleApi } = await code.handleApi();
  await handleApi(request, response);
});

/** Submits a task for a signed-in user of the app. */
export const submitTask = onCall({ timeoutSeconds: 60 }, async (request) => {
  const { handleSubmit } = await code.handleSubmit();
  return await handleSubmit(request);
});

/** A task document of the app that asks for slow work becomes a pending webhook. */
export const startTask = onDocumentCreated({ document: "tasks/{taskId}", retry: true }, async (event) => {
  const { handleStart } = await code.handleStart();
  await handleStart(event);
});

/** Derives everything that follows from a state change. */
export const onPendingWebhook = onDocumentWritten(
  { document: "pendingWebhooks/{correlationId}", retry: true },
  async (event) => {
    const { handlePendingWebhook } = await code.handlePendingWebhook();
    await handlePendingWebhook(event);
  },
);

/** Makes the outbound call. */
export const dispatchTask = onTaskDispatched(
  {
    timeoutSeconds: 90,
    // The retries of the outbound call are ours; the queue's own are for what goes wrong on our side.
    retryConfig: { maxAttempts: 100, minBackoffSeconds: 1, maxBackoffSeconds: 60, maxDoublings: 3 },
    rateLimits: {
      maxDispatchesPerSecond: config.dispatchesPerSecond,
      maxConcurrentDispatches: config.concurrentDispatches,
    },
  },
  async (request) => {
    const { handleDispatch } = await code.handleDispatch();
    await handleDispatch(request);
  },
);

/** An event that the application published goes to its subscribers. */
export const onEvent = onDocumentCreated({ document: "events/{eventId}", retry: true }, async (event) => {
  const { handleEvent } = await code.handleEvent();
  await handleEvent(event);
});

/** Makes one attempt at one delivery. */
export const deliverWebhook = onTaskDispatched(
  {
    timeoutSeconds: 360,
    // Retries of a delivery are orders of their own; the queue's are for what goes wrong on our side.
    retryConfig: {
      maxAttempts: 100,
      maxRetrySeconds: 172_800,
      minBackoffSeconds: 1,
      maxBackoffSeconds: 60,
      maxDoublings: 5,
    },
    rateLimits: {
      maxDispatchesPerSecond: config.deliveriesPerSecond,
      maxConcurrentDispatches: config.concurrentDeliveries,
    },
  },
  async (request) => {
    const { handleDelivery } = await code.handleDelivery();
    await handleDelivery(request);
  },
);

/** Takes a service's callback. */
export const webhookCallback = onRequest(httpOptions, async (request, response) => {
  const { handleCallback } = await code.handleCallback();
  await handleCallback(request, response);
});

/** Expires what never came back, and rescues what got lost. */
export const expirePendingWebhooks = onSchedule(
  { schedule: "*/10 * * * *", timeoutSeconds: 300, memory: "512MiB" },
  async () => {
    const { handleExpiry } = await code.handleExpiry();
    await handleExpiry();
  },
);
