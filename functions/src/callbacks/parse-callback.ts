import { type CallbackClaims, verifyCallbackToken } from "../domain/callback-token.ts";
import { isDocumentId } from "../domain/document-id.ts";
import { BoomerangError } from "../domain/errors.ts";
import type { Keys } from "../domain/keys.ts";
import { isTooDeep } from "../domain/storable.ts";
import { invalidFields } from "../domain/validation.ts";
import { providerOf } from "../providers/index.ts";
import type { CallbackReport } from "../providers/provider.ts";

/** What of an HTTP request a callback is made of. */
export interface CallbackRequest {
  readonly method: string;
  /** Path below the function: `/{correlationId}`. */
  readonly path: string;
  readonly token: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** The bytes, or how to read them: undefined where there are more than `maxBytes`. */
  readonly body: Buffer | ((maxBytes: number) => Promise<Buffer | undefined>);
}

export interface AuthenticCallback {
  readonly claims: CallbackClaims;
  readonly report: CallbackReport;
}

const maxBodyBytes = 10 * 1_024 * 1_024;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a callback, the cheap checks first: who sent it, before its body is even read; and nothing of the database.
 * Throws what the sender did wrong: 405, 404, 401, 415, 413 or 400.
 */
export async function parseCallback(keys: Keys, request: CallbackRequest): Promise<AuthenticCallback> {
  const claims = authenticate(keys, request);
  const body = parseBody(request, await readBody(request));
  return { claims, report: providerOf(claims.provider).parseCallback(body, claims.correlationId) };
}

function authenticate(keys: Keys, { method, path, token }: CallbackRequest): CallbackClaims {
  if (method !== "POST") {
    const options = { status: 405, headers: { Allow: "POST" } };
    throw new BoomerangError("method_not_allowed", "A callback is a POST.", options);
  }
  const [correlationId, ...rest] = path.split("/").filter((part) => part !== "" && part !== "webhookCallback");
  if (correlationId === undefined || rest.length > 0) {
    throw new BoomerangError("not_found", "Call back at the callbackUrl that came with the task.", { status: 404 });
  }
  const claims = token === undefined ? undefined : verifyCallbackToken(keys, correlationId, token);
  if (claims === undefined) {
    const message = "The token is missing or wrong. Call back at exactly the callbackUrl that came with the task.";
    throw new BoomerangError("wrong_token", message, { status: 401 });
  }
  if (!isDocumentId(correlationId)) {
    throw new BoomerangError("unknown_task", "No task can have this correlation id.", { status: 404 });
  }
  return claims;
}

async function readBody({ body }: CallbackRequest): Promise<Buffer> {
  const bytes = typeof body === "function" ? await body(maxBodyBytes) : body;
  if (bytes !== undefined && bytes.length <= maxBodyBytes) return bytes;
  const message = `The body has more than ${maxBodyBytes} bytes. Send a resultUrl instead of the result.`;
  throw new BoomerangError("body_too_large", message, { status: 413 });
}

function parseBody({ contentType, contentEncoding }: CallbackRequest, body: Buffer): object {
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType ?? "")) {
    throw notJson("Send the body as JSON, with Content-Type: application/json.");
  }
  if (contentEncoding !== undefined && contentEncoding.trim().toLowerCase() !== "identity") {
    throw notJson("Send the body as it is, without a Content-Encoding.", { "Accept-Encoding": "identity" });
  }
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    throw notJson("The body is not JSON (RFC 8259) in UTF-8.");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw invalidFields([{ field: "body", message: "must be a JSON object" }]);
  }
  if (isTooDeep(value)) throw invalidFields([{ field: "body", message: "is nested too deeply" }]);
  if (holdsInfinity(value)) throw invalidFields([{ field: "body", message: "holds a number beyond 1.8e308" }]);
  return value;
}

/** JSON.parse reads a number that no double holds as Infinity, which could only be kept as something else (RFC 8259, section 6). */
function holdsInfinity(value: object): boolean {
  const open: object[] = [value];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    for (const child of Object.values(part)) {
      if (child === Number.POSITIVE_INFINITY || child === Number.NEGATIVE_INFINITY) return true;
      if (child !== null && typeof child === "object") open.push(child);
    }
  }
  return false;
}

function notJson(message: string, headers: Readonly<Record<string, string>> = {}): BoomerangError {
  return new BoomerangError("not_json", message, { status: 415, headers });
}
