import { z } from "zod";
import { providerNames } from "../providers/index.ts";
import { secretToken } from "../webhooks/webhook-settings.ts";
import type { Service } from "./services.ts";
import { params, timeoutSeconds, url } from "./task-request.ts";

type Stored = "name" | "sealedAuth" | "sealedSecret" | "createdAt" | "updatedAt";

/** What the operator says of a service, checked, in our own names. */
export interface ServiceSettings extends Omit<Service, Stored> {
  /** Value of the Authorization header, in the clear. Undefined: as it was; null: none. */
  readonly auth: string | null | undefined;
  /** Standard Webhooks secret, in the clear. Undefined: as it was; null: none. */
  readonly secret: string | null | undefined;
}

/** It stands as it is in callback tokens, URLs and event types. */
const eventPrefix = z
  .string()
  .max(50)
  .regex(
    /^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/,
    "must be what an event type may begin with, such as job or video.render",
  );

const authorization = z
  .string()
  .max(8_192)
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, "must be printable ASCII, without a space at either end");

const provider = z.enum(providerNames as [string, ...string[]], {
  error: ({ input }) =>
    typeof input === "string"
      ? `there is no provider called "${input.slice(0, 100)}"; there are: ${providerNames.join(", ")}`
      : undefined,
});

/** `PUT /api/v1/services/{name}` */
export const serviceBody = z
  .strictObject({
    url: url.min(1).meta({ description: "Where tasks are sent." }),
    provider: provider.default("generic").meta({ description: "The protocol that the service speaks." }),
    auth: authorization.nullish().meta({
      description:
        "Value of the `Authorization` header. Never shown; left out, the one before is kept; `null` removes it. Where the origin of `url` changes, it must be given anew, or as `null`.",
    }),
    secret: secretToken.nullish().meta({
      description:
        "Standard Webhooks secret that signs our calls. Never shown; left out, the one before is kept; `null` removes it. Where the origin of `url` changes, it must be given anew, or as `null`.",
    }),
    mode: z
      .enum(["callback", "sync"])
      .default("callback")
      .meta({ description: "`sync`: it answers with the result itself, and does not call back." }),
    params: params.default({}).meta({ description: "Sent with every task, under its own `parameters`." }),
    timeout_seconds: timeoutSeconds.nullish().meta({ description: "How long a task may take." }),
    heartbeat_seconds: timeoutSeconds
      .nullish()
      .meta({ description: "Each report of progress gives the task this long again." }),
    event_prefix: eventPrefix.default("task").meta({ description: "Event types are `{prefix}.started`, …" }),
    max_retries: z.int().min(0).max(10).nullish().meta({ description: "Of the outbound call." }),
    retry_delay_seconds: z
      .number()
      .min(0.1)
      .max(3_600)
      .nullish()
      .meta({ description: "Before the first retry; each later one waits twice as long." }),
  })
  .meta({
    id: "ServiceSettings",
    examples: [
      {
        url: "https://video.example.com/jobs",
        auth: "Bearer your-api-key",
        params: { quality: "high" },
        timeout_seconds: 900,
        event_prefix: "video",
      },
    ],
  })
  .transform(
    (body): ServiceSettings => ({
      url: body.url,
      provider: body.provider,
      auth: body.auth,
      secret: body.secret,
      mode: body.mode,
      params: body.params,
      timeoutSeconds: body.timeout_seconds ?? null,
      heartbeatSeconds: body.heartbeat_seconds ?? null,
      eventPrefix: body.event_prefix,
      maxRetries: body.max_retries ?? null,
      retryDelaySeconds: body.retry_delay_seconds ?? null,
    }),
  );
