import { type CallableRequest, type FunctionsErrorCode, HttpsError } from "firebase-functions/https";
import { deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { parseFields } from "../domain/validation.ts";
import { type CountRequest, createRateLimit } from "../http/rate-limit.ts";
import { toTaskRequest } from "../http/task-body.ts";
import { taskView } from "../http/views/task-view.ts";
import { derivedId, submitTask } from "../tasks/submit.ts";
import { taskBody } from "../tasks/task-request.ts";

let countRequest: CountRequest | undefined;

/**
 * The callable: the same body as `POST /api/v1/tasks`, with the caller's Firebase identity, and `idempotency_key` beside it
 * where the caller wants one. Answers the task.
 */
export async function handleSubmit({ auth, data }: CallableRequest<unknown>) {
  if (auth === undefined) throw new HttpsError("unauthenticated", "Sign in first.");
  const admin = auth.token.admin === true;
  const identity = { ownerId: auth.uid, userId: auth.uid, admin, scopes: new Set<never>(), caller: `user-${auth.uid}` };
  try {
    countRequest ??= createRateLimit(deps());
    await countRequest(identity.caller);
    const { idempotency_key: key, ...body } = asObject(data);
    if (key !== undefined && (typeof key !== "string" || key.length === 0 || key.length > 255)) {
      throw new HttpsError("invalid-argument", "idempotency_key must be 1 to 255 characters.");
    }
    const id = key === undefined ? undefined : derivedId("idempotency-key", auth.uid, key);
    const { task } = await submitTask(deps(), toTaskRequest(identity, parseFields(taskBody, body)), id);
    return taskView(task);
  } catch (error) {
    if (!(error instanceof BoomerangError)) throw error;
    throw new HttpsError(callableCode(error.status), error.message, { code: error.code, errors: error.errors });
  }
}

function asObject(data: unknown): Record<string, unknown> {
  if (data !== null && typeof data === "object" && !Array.isArray(data)) return { ...data };
  throw new HttpsError("invalid-argument", "Send an object with service and prompt.");
}

function callableCode(status: number): FunctionsErrorCode {
  if (status === 400 || status === 422) return "invalid-argument";
  if (status === 403) return "permission-denied";
  if (status === 429) return "resource-exhausted";
  if (status === 503) return "unavailable";
  return status === 409 ? "already-exists" : "internal";
}
