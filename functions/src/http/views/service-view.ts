import { z } from "zod";
import type { Service } from "../../tasks/services.ts";
import { dateTime, iso, jsonObject } from "./view.ts";

/** A service as the API shows it: never its credentials. */
export const serviceSchema = z
  .strictObject({
    id: z.string().meta({ description: "The name." }),
    name: z.string(),
    provider: z.string(),
    url: z.string(),
    mode: z.enum(["callback", "sync"]),
    params: jsonObject,
    timeout_seconds: z.number().nullable().meta({ description: "Null: the installation's own." }),
    heartbeat_seconds: z.number().nullable(),
    event_prefix: z.string(),
    max_retries: z.int().nullable().meta({ description: "Null: the installation's own." }),
    retry_delay_seconds: z.number().nullable().meta({ description: "Null: the installation's own." }),
    has_auth: z.boolean().meta({ description: "Whether calls carry an `Authorization` header." }),
    has_secret: z.boolean().meta({ description: "Whether calls are signed." }),
    created_at: dateTime,
    updated_at: dateTime,
  })
  .meta({
    id: "Service",
    examples: [
      {
        id: "video_generation",
        name: "video_generation",
        provider: "generic",
        url: "https://video.example.com/jobs",
        mode: "callback",
        params: { quality: "high" },
        timeout_seconds: 900,
        heartbeat_seconds: null,
        event_prefix: "video",
        max_retries: null,
        retry_delay_seconds: null,
        has_auth: true,
        has_secret: false,
        created_at: "2026-01-15T10:30:15.000Z",
        updated_at: "2026-01-15T10:30:15.000Z",
      },
    ],
  });

export function serviceView(service: Service): z.input<typeof serviceSchema> {
  return {
    id: service.name,
    name: service.name,
    provider: service.provider,
    url: service.url,
    mode: service.mode,
    params: { ...service.params },
    timeout_seconds: service.timeoutSeconds,
    heartbeat_seconds: service.heartbeatSeconds,
    event_prefix: service.eventPrefix,
    max_retries: service.maxRetries,
    retry_delay_seconds: service.retryDelaySeconds,
    has_auth: service.sealedAuth !== null,
    has_secret: service.sealedSecret !== null,
    created_at: iso(service.createdAt),
    updated_at: iso(service.updatedAt),
  };
}
