import { BoomerangError } from "../domain/errors.ts";
import type { TaskBody, TaskRequest } from "../tasks/task-request.ts";
import type { Identity } from "./identity.ts";

/**
 * A task as HTTP and the callable take it. Only an admin names a URL, and a Firebase user acts for nobody else.
 * Throws `forbidden` (403).
 */
export function toTaskRequest(identity: Identity, body: TaskBody): TaskRequest {
  if (body.webhook_url !== undefined && !identity.admin) {
    throw new BoomerangError("forbidden", "Only an admin may name a webhook_url. Name a registered service.", {
      status: 403,
    });
  }
  const userId = body.user_id ?? identity.userId;
  if (identity.userId !== null && userId !== identity.userId && !identity.admin) {
    throw new BoomerangError("forbidden", "user_id must be your own, or left out.", { status: 403 });
  }
  return {
    ownerId: identity.ownerId,
    userId,
    projectId: body.project_id ?? null,
    objectId: null,
    assistantId: null,
    followers: [],
    worker: body.service === undefined ? { url: body.webhook_url ?? "", auth: null } : { service: body.service },
    prompt: body.prompt,
    params: body.parameters,
    metadata: body.metadata,
    priority: body.priority,
    file: null,
    callbackUrl: body.callback_url ?? null,
    callbackFormat: body.callback_format ?? null,
    timeoutSeconds: body.timeout_seconds ?? null,
    retryOf: null,
  };
}
