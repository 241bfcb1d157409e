import { z } from "zod";
import { BoomerangError } from "../../domain/errors.ts";
import type { Keys } from "../../domain/keys.ts";
import type { Webhook } from "../../webhooks/webhook.ts";
import { dateTime, iso, isoOf } from "./view.ts";

const fields = {
  id: z.string(),
  name: z.string(),
  url: z.string(),
  description: z.string().nullable(),
  events: z.array(z.string()),
  headers: z
    .record(z.string(), z.string())
    .nullable()
    .meta({ description: "Null where they cannot be decrypted any more: set them again." }),
  retry_count: z.int(),
  timeout_seconds: z.int(),
  is_active: z.boolean(),
  format: z.string(),
  disabled_reason: z.string().nullable().meta({ description: "Why it was disabled other than by its owner." }),
  disabled_at: dateTime.nullable(),
  failing_since: dateTime.nullable().meta({ description: "Since when every attempt has failed." }),
  created_at: dateTime,
  updated_at: dateTime,
};

const example = {
  id: "5d0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f22",
  name: "My Integration",
  url: "https://example.com/webhook",
  description: "Notify my system about job completions",
  events: ["job.completed", "job.failed"],
  headers: { "X-Custom-Header": "value" },
  retry_count: 3,
  timeout_seconds: 30,
  is_active: true,
  format: "standard",
  disabled_reason: null,
  disabled_at: null,
  failing_since: null,
  created_at: "2026-01-15T10:30:15.000Z",
  updated_at: "2026-01-15T10:30:15.000Z",
};

/** A webhook as the API shows it: never its secrets. */
export const webhookSchema = z.strictObject(fields).meta({ id: "Webhook", examples: [example] });

/** The same, in the one answer that shows the secret. */
export const webhookWithSecretSchema = z
  .strictObject({ ...fields, secret_token: z.string() })
  .meta({ id: "WebhookWithSecret", examples: [{ ...example, secret_token: "your-secret-token" }] });

export function webhookView(keys: Keys, webhook: Webhook): z.input<typeof webhookSchema> {
  return {
    id: webhook.id,
    name: webhook.name,
    url: webhook.url,
    description: webhook.description,
    events: [...webhook.events],
    headers: headersOf(keys, webhook),
    retry_count: webhook.retryCount,
    timeout_seconds: webhook.timeoutSeconds,
    is_active: webhook.isActive,
    format: webhook.format,
    disabled_reason: webhook.disabledReason,
    disabled_at: iso(webhook.disabledAt),
    failing_since: isoOf(webhook.failingSince),
    created_at: iso(webhook.createdAt),
    updated_at: iso(webhook.updatedAt),
  };
}

/** Null where the secret that sealed them is gone: the owner still sees everything else, and can set them again. */
function headersOf(keys: Keys, { sealedHeaders }: Webhook): Record<string, string> | null {
  if (sealedHeaders === null) return {};
  try {
    return JSON.parse(keys.open(sealedHeaders));
  } catch (error) {
    if (error instanceof BoomerangError && error.code === "unsealable") return null;
    throw error;
  }
}
