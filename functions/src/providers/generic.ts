import { z } from "zod";
import { BoomerangError } from "../domain/errors.ts";
import { completed, failed, type Outcome } from "../domain/outcome.ts";
import { signatureHeaders } from "../domain/standard-webhooks.ts";
import { isTooDeep } from "../domain/storable.ts";
import { parseFields } from "../domain/validation.ts";
import type { Acknowledgement, CallbackReport, OutboundTask, Provider } from "./provider.ts";

const maxIdLength = 256;
const maxMessageLength = 1_000;

const resultUrl = z.url({ protocol: /^(https?|gs)$/, error: "must be an http, https or gs URL" }).max(8_192);

const reported = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    resultUrl: resultUrl.nullish(),
    metadata: z.record(z.string(), z.unknown()).nullish(),
    result: z.unknown().optional(),
  }),
  z.object({
    status: z.literal("error"),
    error: z.string().min(1),
    metadata: z.record(z.string(), z.unknown()).nullish(),
  }),
  z.object({
    status: z.literal("progress"),
    progress: z.number().min(0).max(1),
    message: z.string().max(maxMessageLength).nullish(),
  }),
]);

const callback = z.object({ correlationId: z.string() });

/** Our own protocol: any service that speaks plain JSON, with `correlationId` and `callbackUrl` in the request's body. */
export const generic: Provider = {
  name: "generic",

  buildCall(task, now) {
    const body = JSON.stringify(requestBody(task));
    return {
      url: task.webhookUrl,
      body,
      headers: {
        "content-type": "application/json",
        "idempotency-key": task.correlationId,
        ...(task.auth === null ? {} : { authorization: task.auth }),
        ...signatureHeaders(task.signingSecrets, task.correlationId, body, now),
      },
    };
  },

  parseAcknowledgement(body) {
    const answer = parseObject(body);
    const none: Acknowledgement = { externalId: null, estimatedCompletion: null };
    if (answer === undefined) return none;
    return {
      externalId: shortText(answer.externalId ?? answer.id ?? answer.jobId ?? answer.job_id),
      estimatedCompletion: shortText(answer.estimatedCompletion),
    };
  },

  parseResult(body) {
    const answer = parseJson(body);
    if (answer === undefined || isTooDeep(answer)) {
      const what = answer === undefined ? "not with JSON" : "with JSON that is nested too deeply";
      throw new BoomerangError(
        "bad_answer",
        `The service answered, but ${what}: a service in sync mode sends its result as JSON.`,
      );
    }
    // A sync service may answer in the form of a callback; anything else is the result as it stands.
    const report = reported.safeParse(answer);
    if (report.success && report.data.status !== "progress") return toOutcome(report.data);
    const url = answer !== null && typeof answer === "object" && "resultUrl" in answer ? answer.resultUrl : undefined;
    const named = resultUrl.safeParse(url);
    return completed({ result: answer, ...(named.success ? { resultUrl: named.data } : {}) });
  },

  parseCallback(body, correlationId) {
    const { correlationId: named } = parseFields(callback, body);
    if (named !== correlationId) {
      const message = "is another task's: the URL that was called belongs to a different correlation id";
      throw new BoomerangError("validation_failed", `correlationId ${message}.`, {
        status: 400,
        errors: [{ field: "correlationId", message }],
      });
    }
    const report = parseFields(reported, body);
    if (report.status !== "progress") return { kind: "outcome", outcome: toOutcome(report) };
    const { progress, message } = report;
    return { kind: "progress", progress, ...(message == null ? {} : { message }) } satisfies CallbackReport;
  },
};

type Reported = z.infer<typeof reported>;

function toOutcome(report: Exclude<Reported, { status: "progress" }>): Outcome {
  if (report.status === "error") return failed("service_error", report.error, report.metadata);
  const { resultUrl, result, metadata } = report;
  return completed({
    ...(resultUrl == null ? {} : { resultUrl }),
    ...(result == null ? {} : { result }),
    ...(metadata == null ? {} : { resultMetadata: metadata }),
  });
}

/** Our own fields come last: a param can never overwrite one. */
function requestBody(task: OutboundTask): Record<string, unknown> {
  return {
    ...task.params,
    correlationId: task.correlationId,
    callbackUrl: task.callbackUrl,
    prompt: task.prompt,
    taskId: task.taskId,
    userId: task.userId,
    projectId: task.projectId,
    assistantId: task.assistantId,
    metadata: task.metadata,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text);
  return value !== null && typeof value === "object" && !Array.isArray(value) ? { ...value } : undefined;
}

function shortText(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value.slice(0, maxIdLength) : null;
}
