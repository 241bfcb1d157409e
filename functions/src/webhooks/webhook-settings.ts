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
  .regex(/^[a-zA-Z][a-zA-Z0-9_-]*(\.[a-zA-Z0-9_-]+)+$/, "must be a dotted type, such as job.completed");

const pattern = z
  .string()
  .max(100)
  .regex(
    /^(\*|[a-zA-Z][a-zA-Z0-9_-]*(\.[a-zA-Z0-9_-]+)*\.([a-zA-Z0-9_-]+|\*))$/,
    'must be an event type, "prefix.*" or "*"',
  );

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

/** What people call something. */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, "must not hold control characters");

const fields = {
  name: displayName.meta({ description: "Unique among yours." }),
  url: z.string().min(1).max(2_048).meta({ description: "`https`, a public host." }),
  events: z
    .array(pattern)
    .min(1)
    .max(50)
    .meta({ description: "Each a type (`job.completed`), all below a prefix (`job.*`) or everything (`*`)." }),
  description: z.string().max(1_000).nullish(),
  headers: headers.nullish().meta({ description: "Sent with every request. Encrypted where they are kept." }),
  secret_token: secretToken
    .nullish()
    .meta({ description: "What signs; one is made where it is left out. In a change, it rotates to this one." }),
  retry_count: z.int().min(0).max(10).meta({ description: "Attempts after the first." }),
  timeout_seconds: z.int().min(5).max(300).meta({ description: "How long an attempt waits for the answer." }),
  is_active: z.boolean().meta({ description: "An inactive one hears of nothing." }),
  format: z
    .enum(formats.map((format) => format.name) as [string, ...string[]])
    .meta({ description: "The shape in which events are sent." }),
};

const example = {
  name: "My Integration",
  url: "https://example.com/webhook",
  events: ["job.completed", "job.failed"],
  description: "Notify my system about job completions",
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
    .meta({ id: defaultFormat === "taskflow" ? "NewTaskflowWebhook" : "NewWebhook", examples: [example] })
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
  .meta({ id: "WebhookChanges", examples: [{ events: ["job.completed", "job.failed"], retry_count: 5 }] })
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
