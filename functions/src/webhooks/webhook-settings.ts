import { z } from "zod";
import { decodeSecret } from "../domain/standard-webhooks.ts";
import { formats } from "../formats/index.ts";

/** What a subscriber says of a webhook, checked, in our own names. */
export interface WebhookSettings {
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: one is made. */
  readonly secret: string | undefined;
  readonly retryCount: number;
  readonly timeoutSeconds: number;
  readonly isActive: boolean;
  readonly format: string;
}

export type WebhookChanges = { readonly [Key in keyof WebhookSettings]?: Exclude<WebhookSettings[Key], undefined> };

export const eventType = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+$/i, "must be a dotted type, such as job.completed");

const pattern = z
  .string()
  .max(100)
  .regex(/^(\*|[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*\.([a-z0-9_-]+|\*))$/i, 'must be an event type, "prefix.*" or "*"');

/** Ours, or the connection's: a custom header must not replace them (RFC 9110, 7.6.1; RFC 9112). */
const reserved =
  /^(content-(type|length|encoding)|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|proxy-.*|webhook-.*|x-taskflow-.*|x-signature)$/i;

const headers = z
  .record(
    z
      .string()
      .max(100)
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "is not a header name")
      .refine((name) => !reserved.test(name), "is a header that we set ourselves"),
    z
      .string()
      .max(4_096)
      .regex(/^[\t\x20-\x7e]*$/, "must be printable ASCII"),
  )
  .refine((all) => Object.keys(all).length <= 20, "has more than 20 headers")
  .refine((all) => {
    const names = Object.keys(all).map((name) => name.toLowerCase());
    return new Set(names).size === names.length;
  }, "names a header twice (upper and lower case are the same)");

/** A secret that the subscriber chose. One that looks like Standard Webhooks' own must be one: 24 to 64 bytes in base64. */
export const secretToken = z
  .string()
  .min(8)
  .max(256)
  .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces")
  .refine((secret) => {
    if (!secret.startsWith("whsec_")) return true;
    const bytes = decodeSecret(secret)?.length ?? 0;
    return bytes >= 24 && bytes <= 64;
  }, "must be 24 to 64 bytes in base64 after whsec_; leave it out to be given one");

const fields = {
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^\P{Cc}*$/u, "must not hold control characters"),
  url: z.string().min(1).max(2_048),
  events: z.array(pattern).min(1).max(50),
  description: z.string().max(1_000).nullish(),
  headers: headers.nullish(),
  secret_token: secretToken.nullish(),
  retry_count: z.int().min(0).max(10),
  timeout_seconds: z.int().min(5).max(300),
  is_active: z.boolean(),
  format: z.enum(formats.map((format) => format.name) as [string, ...string[]]),
};

/** `POST /webhooks`. The default format is the route's. */
export function webhookBody(defaultFormat: string) {
  return z
    .strictObject({
      ...fields,
      retry_count: fields.retry_count.default(3),
      timeout_seconds: fields.timeout_seconds.default(30),
      is_active: fields.is_active.default(true),
      format: fields.format.default(defaultFormat),
    })
    .transform(
      (body): WebhookSettings => ({
        name: body.name,
        url: body.url,
        events: body.events,
        description: body.description ?? null,
        headers: body.headers ?? {},
        secret: body.secret_token ?? undefined,
        retryCount: body.retry_count,
        timeoutSeconds: body.timeout_seconds,
        isActive: body.is_active,
        format: body.format,
      }),
    );
}

/** `PATCH /webhooks/{id}`: any of them. */
export const webhookPatch = z
  .strictObject(fields)
  .partial()
  .transform((body): WebhookChanges => {
    const { description, headers, secret_token, retry_count, timeout_seconds, is_active, ...same } = body;
    return withoutUndefined({
      ...same,
      description,
      headers: headers === null ? {} : headers,
      secret: secret_token ?? undefined,
      retryCount: retry_count,
      timeoutSeconds: timeout_seconds,
      isActive: is_active,
    });
  });

function withoutUndefined(all: Record<string, unknown>): WebhookChanges {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
