import { z } from "zod";
import { BoomerangError, type FieldError } from "../domain/errors.ts";
import { completed, failed, type Outcome } from "../domain/outcome.ts";
import { signatureHeaders } from "../domain/standard-webhooks.ts";
import { isTooDeep } from "../domain/storable.ts";
import { fieldErrors, invalidFields } from "../domain/validation.ts";
import type { Acknowledgement, OutboundTask, Provider } from "./provider.ts";

const maxIdLength = 256;
const maxMessageLength = 1_000;

/** Spelled out with its slashes; no control characters, and nothing that UTF-8 cannot hold. */
const resultUrlForm = /^(https?|gs):\/\/[^\p{Cc}\p{Cs}]+$/iu;
const resultUrl = z
  .string()
  .trim()
  .max(8_192)
  .refine((text) => resultUrlForm.test(text) && URL.canParse(text), "must be an http, https or gs URL");

/** The object itself: `z.record` makes a copy, and leaves a key called `__proto__` out of it. */
const jsonObject = z.custom<Readonly<Record<string, unknown>>>(
  (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  "must be a JSON object",
);

const reported = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    resultUrl: resultUrl.nullish(),
    metadata: jsonObject.nullish(),
    result: z.unknown().optional(),
  }),
  z.object({
    status: z.literal("error"),
    error: z.string().min(1),
    metadata: jsonObject.nullish(),
  }),
  z.object({
    status: z.literal("progress"),
    progress: z.number().min(0).max(1),
    message: z.string().max(maxMessageLength).nullish(),
  }),
]);

const notThisTask: FieldError = {
  field: "correlationId",
  message: "must be the one of the task whose callbackUrl was called",
};

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
    const ours = body !== null && typeof body === "object" && "correlationId" in body;
    const wrongTask = ours && body.correlationId === correlationId ? [] : [notThisTask];
    const report = reported.safeParse(body);
    if (!report.success) throw invalidFields([...wrongTask, ...fieldErrors(report.error)]);
    if (wrongTask.length > 0) throw invalidFields(wrongTask);
    if (report.data.status !== "progress") return { kind: "outcome", outcome: toOutcome(report.data) };
    const { progress, message } = report.data;
    return { kind: "progress", progress, ...(message == null ? {} : { message: message.toWellFormed() }) };
  },
};

type Reported = z.infer<typeof reported>;

function toOutcome(report: Exclude<Reported, { status: "progress" }>): Outcome {
  if (report.status === "error") return failed("service_error", report.error.toWellFormed(), report.metadata);
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
  return typeof value === "string" && value !== "" ? value.slice(0, maxIdLength).toWellFormed() : null;
}
