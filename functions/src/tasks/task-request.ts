import { z } from "zod";
import { isDocumentId } from "../domain/document-id.ts";
import { isTooDeep } from "../domain/storable.ts";
import type { TaskFile } from "./pending-webhook.ts";

/** What every way in comes to: HTTP, a callable, a task document. Checked already, but for the URLs and the service. */
export interface TaskRequest {
  readonly ownerId: string;
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly objectId: string | null;
  readonly assistantId: string | null;
  readonly followers: readonly string[];
  /** Who does the work: a registered service, or a URL from somebody who may name one. */
  readonly worker: { readonly service: string } | { readonly url: string; readonly auth: string | null };
  readonly prompt: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly priority: number;
  readonly file: TaskFile | null;
  readonly callbackUrl: string | null;
  readonly callbackFormat: string | null;
  readonly timeoutSeconds: number | null;
  readonly retryOf: string | null;
}

export const callbackFormats = [
  "standard",
  "task-service",
  "taskflow",
  "predict",
  "morag",
  "slack",
  "cloudevents",
] as const;

const maxParamsBytes = 256 * 1_024;
const maxMetadataBytes = 64 * 1_024;

/** An id that becomes part of a Firestore path. */
export const documentId = z.string().max(200).refine(isDocumentId, "is not usable as a document id");

export const serviceName = z
  .string()
  .regex(
    /^[a-zA-Z0-9][\w.-]{0,99}$/,
    "must be letters, digits, dots, dashes and underscores, at most 100, beginning with a letter or digit",
  );

/** Half of a surrogate pair, which neither UTF-8 nor Firestore can hold, becomes U+FFFD. */
export const prompt = z
  .string()
  .max(100_000)
  .overwrite((text) => text.toWellFormed());
export const priority = z.int().min(0).max(9);
export const timeoutSeconds = z
  .number()
  .min(1)
  .max(7 * 86_400);
export const params = jsonObject(maxParamsBytes);
export const metadata = jsonObject(maxMetadataBytes);
export const url = z
  .string()
  .max(2_048)
  .refine((text) => text.isWellFormed(), "contains half a surrogate pair");

/** Not a `z.record`, which would leave a key `__proto__` out in silence. The depth comes first: measuring the size recurses. */
function jsonObject(maxBytes: number) {
  return z
    .unknown()
    .refine(isObject, { message: "must be an object", abort: true })
    .refine((value) => !isTooDeep(value), { message: "is nested too deeply", abort: true })
    .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= maxBytes, `is larger than ${maxBytes} bytes`)
    .meta({ type: "object" }) as unknown as z.ZodType<Record<string, unknown>>;
}

function isObject(value: unknown): boolean {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** `POST /api/v1/tasks` and the callable `submitTask`. */
export const taskBody = z
  .strictObject({
    service: serviceName.optional().meta({ description: "A registered service. It or `webhook_url` must be given." }),
    webhook_url: url.optional().meta({ description: "Instead of `service`; for admins." }),
    prompt: prompt.default("").meta({ description: "What is to be done, in words." }),
    parameters: params.default({}).meta({ description: "What the service gets beside the prompt. At most 256 KiB." }),
    metadata: metadata.default({}).meta({ description: "Yours: passed through untouched. At most 64 KiB." }),
    project_id: documentId.nullish(),
    user_id: documentId.nullish().meta({ description: "Who is notified. A Firebase user names only themselves." }),
    priority: priority.default(0).meta({ description: "Handed to the service." }),
    callback_url: url.nullish().meta({ description: "Where this task's events are sent, signed." }),
    callback_format: z.enum(callbackFormats).nullish().meta({ description: "In which shape; `standard` by itself." }),
    timeout_seconds: timeoutSeconds
      .nullish()
      .meta({ description: "Until it expires; the service's own where it is left out, else 300." }),
  })
  .refine((body) => (body.service === undefined) !== (body.webhook_url === undefined), {
    path: ["service"],
    message: "name a service (or, as an admin, a webhook_url), and not both",
  })
  .meta({
    id: "NewTask",
    examples: [{ service: "video_generation", prompt: "A lighthouse at dusk", parameters: { duration: 30 } }],
  });
export type TaskBody = z.output<typeof taskBody>;

/** A document of the application's `tasks/` that asks for slow work; whatever else it holds is the application's own. */
export const taskDocument = z
  .object({
    service: serviceName.nullish(),
    taskMetadata: z
      .object({
        isWebhookTask: z.boolean().nullish(),
        webhookUrl: url.nullish(),
        webhookAuth: z.string().min(1).max(8_192).nullish(),
        webhookParams: params.nullish(),
      })
      .nullish(),
    prompt: prompt.nullish(),
    userId: documentId.nullish(),
    projectId: documentId.nullish(),
    assistantId: documentId.nullish(),
    followers: z.array(documentId).max(100).nullish(),
    callbackUrl: url.nullish(),
    callbackFormat: z.enum(callbackFormats).nullish(),
    metadata: metadata.nullish(),
    priority: priority.nullish(),
  })
  .refine((task) => task.taskMetadata?.isWebhookTask !== true || task.service == null, {
    path: ["service"],
    message: "name a service, or give taskMetadata with isWebhookTask, and not both",
  })
  .refine((task) => task.taskMetadata?.isWebhookTask !== true || task.taskMetadata.webhookUrl != null, {
    path: ["taskMetadata", "webhookUrl"],
    message: "is missing: a webhook task needs the URL of the service to call",
  });
