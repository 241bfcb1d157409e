import { BoomerangError } from "./domain/errors.ts";

/** Everything that can be set, apart from the one secret. See docs/operations.md for what each does. */
export interface Config {
  readonly projectId: string;
  readonly region: string;
  /** Whether this runs on the emulators, where plain http and loopback addresses are allowed. */
  readonly emulator: boolean;
  /** Callback URLs begin with it; no slash at the end. */
  readonly callbackBaseUrl: string;
  /** How long an outbound call may take. */
  readonly outboundTimeoutMs: number;
  readonly maxRetries: number;
  readonly retryDelaySeconds: number;
  /** How long a task may take, unless its service or the request says otherwise. */
  readonly taskTimeoutSeconds: number;
  /** How long finished tasks are kept. */
  readonly taskRetentionMs: number;
  /** How long events that the application published are kept. */
  readonly historyRetentionMs: number;
  readonly dispatchesPerSecond: number;
  readonly concurrentDispatches: number;
  readonly deliveriesPerSecond: number;
  readonly concurrentDeliveries: number;
  /** Of one API key, or one Firebase user. */
  readonly requestsPerMinute: number;
  /** Hosts that outbound calls may go to; empty means any public one. */
  readonly allowedHosts: readonly string[];
  /** How large an uploaded file may be, in MB of 1,000,000 bytes. */
  readonly maxUploadMb: number;
  /** Where files and results go that are too large for a document. */
  readonly storageBucket: string;
}

const dayMs = 24 * 3_600_000;

/**
 * Reads the configuration from the environment (`functions/.env` and its kin set it). Called once when the code is
 * loaded, which is also how a deployment looks at it: a wrong value stops either.
 * Throws `bad_configuration`, with the name of the variable and what it must be.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const emulator = env.FUNCTIONS_EMULATOR === "true";
  const projectId = text(
    env,
    "GCLOUD_PROJECT",
    env.GOOGLE_CLOUD_PROJECT ?? "",
    /^\S+$/,
    "the id of the Firebase project",
  );
  const region = text(env, "BOOMERANG_REGION", "europe-west1", /^[a-z]+-[a-z]+\d+$/, "a region such as europe-west1");
  const defaultBase = emulator
    ? `http://127.0.0.1:5001/${projectId}/${region}`
    : `https://${region}-${projectId}.cloudfunctions.net`;
  return {
    projectId,
    region,
    emulator,
    callbackBaseUrl: baseUrl(env.CALLBACK_BASE_URL?.trim() || defaultBase, emulator),
    outboundTimeoutMs: number(env, "WEBHOOK_TIMEOUT", 30, 1, 60) * 1_000,
    maxRetries: integer(env, "WEBHOOK_MAX_RETRIES", 3, 0, 10),
    retryDelaySeconds: number(env, "WEBHOOK_RETRY_DELAY", 1, 0.1, 3_600),
    taskTimeoutSeconds: number(env, "TASK_TIMEOUT", 300, 1, 7 * 86_400),
    taskRetentionMs: number(env, "TASK_RETENTION_DAYS", 90, 1, 3_650) * dayMs,
    historyRetentionMs: number(env, "HISTORY_RETENTION_DAYS", 7, 1, 3_650) * dayMs,
    dispatchesPerSecond: number(env, "DISPATCHES_PER_SECOND", 100, 1, 500),
    concurrentDispatches: integer(env, "CONCURRENT_DISPATCHES", 200, 1, 5_000),
    deliveriesPerSecond: number(env, "DELIVERIES_PER_SECOND", 100, 1, 500),
    concurrentDeliveries: integer(env, "CONCURRENT_DELIVERIES", 500, 1, 5_000),
    requestsPerMinute: integer(env, "REQUESTS_PER_MINUTE", 6_000, 1, 1_000_000),
    // Cloud Functions takes no request over 32 MiB (cloud.google.com/functions/quotas).
    maxUploadMb: integer(env, "MAX_UPLOAD_MB", emulator ? 100 : 30, 1, 100),
    allowedHosts: (env.ALLOWED_WEBHOOK_HOSTS ?? "")
      .split(/[\s,]+/)
      .filter((host) => host !== "")
      .map(host),
    storageBucket: text(
      env,
      "BOOMERANG_BUCKET",
      defaultBucket(env, projectId),
      /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
      "the name of a bucket, without gs://",
    ),
  };
}

function number(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  preset: number,
  min: number,
  max: number,
) {
  const raw = env[name]?.trim();
  if (raw === undefined || raw === "") return preset;
  const value = Number(raw);
  if (!(value >= min && value <= max)) throw wrong(name, raw, `a number from ${min} to ${max}`);
  return value;
}

function integer(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  preset: number,
  min: number,
  max: number,
) {
  const value = number(env, name, preset, min, max);
  if (!Number.isInteger(value)) throw wrong(name, String(value), `a whole number from ${min} to ${max}`);
  return value;
}

function text(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  preset: string,
  form: RegExp,
  must: string,
) {
  const value = env[name]?.trim() || preset;
  if (!form.test(value)) throw wrong(name, value, must);
  return value;
}

function baseUrl(value: string, emulator: boolean): string {
  const must = "an https URL without credentials, query or fragment";
  if (!URL.canParse(value)) throw wrong("CALLBACK_BASE_URL", value, must);
  const url = new URL(value);
  const secure = url.protocol === "https:" || (emulator && url.protocol === "http:");
  if (!secure || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    // Without the password that may be in it: the message goes into a log.
    throw wrong("CALLBACK_BASE_URL", value.replace(/\/\/[^/]*@/, "//…@"), must);
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function host(value: string): string {
  if (!/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(value)) {
    throw wrong(
      "ALLOWED_WEBHOOK_HOSTS",
      value,
      "host names separated by commas, such as api.example.com or *.example.com",
    );
  }
  return value.toLowerCase();
}

/** Firebase hands every function the project's settings as JSON; the bucket's name is among them. */
function defaultBucket(env: Readonly<Record<string, string | undefined>>, projectId: string): string {
  const settings = parseJson(env, "FIREBASE_CONFIG");
  const bucket =
    settings !== null && typeof settings === "object" && "storageBucket" in settings && settings.storageBucket;
  return typeof bucket === "string" ? bucket : `${projectId}.firebasestorage.app`;
}

function parseJson(env: Readonly<Record<string, string | undefined>>, name: string): unknown {
  const raw = env[name] || "{}";
  try {
    return JSON.parse(raw);
  } catch {
    throw wrong(name, raw, "JSON, as Firebase sets it");
  }
}

function wrong(name: string, value: string, must: string): BoomerangError {
  return new BoomerangError("bad_configuration", `${name} is "${value}", but must be ${must}.`);
}
