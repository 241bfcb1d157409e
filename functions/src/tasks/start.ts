import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { checkOutboundUrl } from "../domain/outbound-url.ts";
import { parseFields } from "../domain/validation.ts";
import { hasCode, notFound, timestamp } from "../platform/firestore.ts";
import { plainJson } from "./plain-json.ts";
import { derivedId, submitTask } from "./submit.ts";
import { type TaskRequest, taskDocument } from "./task-request.ts";
import { sealedCredentials } from "./write-back.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * A new document of the application's `tasks/`: where it asks for slow work, it becomes a task. Running it again
 * finds the task stored. What is wrong with the document is written back into its map `webhook`.
 */
export async function startTask(deps: Deps, snapshot: DocumentSnapshot): Promise<void> {
  const data = snapshot.data();
  if (data === undefined || !asksForWork(data)) return;
  try {
    // A document that is deleted and made again under the same name is a new task: the time of creation tells.
    const { createTime } = snapshot;
    const id = derivedId("task-document", snapshot.ref.path, `${createTime?.seconds}.${createTime?.nanoseconds}`);
    const request = toRequest(snapshot.id, data);
    checkUrls(deps, request);
    await submitTask(deps, request, id);
  } catch (error) {
    if (!(error instanceof BoomerangError) || error.retryable || error.status >= 500) throw error;
    deps.log.warn("start: the task document is wrong", { taskId: snapshot.id, errorCode: error.code });
    await writeError(deps, snapshot, data, error);
  }
}

function asksForWork(data: Fields): boolean {
  const { service, taskMetadata } = data;
  if (service !== undefined && service !== null) return true;
  return (
    taskMetadata !== null &&
    typeof taskMetadata === "object" &&
    "isWebhookTask" in taskMetadata &&
    taskMetadata.isWebhookTask === true
  );
}

function toRequest(taskId: string, data: Fields): TaskRequest {
  const task = parseFields(taskDocument, withPlainJson(data));
  const { taskMetadata } = task;
  return {
    ownerId: task.userId ?? task.projectId ?? "app",
    userId: task.userId ?? null,
    projectId: task.projectId ?? null,
    objectId: taskId,
    assistantId: task.assistantId ?? null,
    followers: task.followers ?? [],
    worker:
      task.service == null
        ? { url: taskMetadata?.webhookUrl ?? "", auth: taskMetadata?.webhookAuth ?? null }
        : { service: task.service },
    prompt: task.prompt ?? "",
    params: taskMetadata?.webhookParams ?? {},
    metadata: task.metadata ?? {},
    priority: task.priority ?? 0,
    file: null,
    callbackUrl: task.callbackUrl ?? null,
    callbackFormat: task.callbackFormat ?? null,
    timeoutSeconds: null,
    retryOf: null,
  };
}

/** What is passed on as JSON may hold what only Firestore knows, a Timestamp for instance. */
function withPlainJson(data: Fields): Fields {
  const { taskMetadata } = data;
  const metadata = plainJson(data.metadata);
  if (taskMetadata === null || typeof taskMetadata !== "object" || !("webhookParams" in taskMetadata)) {
    return { ...data, metadata };
  }
  return { ...data, metadata, taskMetadata: { ...taskMetadata, webhookParams: plainJson(taskMetadata.webhookParams) } };
}

/** Submitting checks them too, but does not know what they are called here. */
function checkUrls(deps: Deps, { worker, callbackUrl }: TaskRequest): void {
  const urls = { "taskMetadata.webhookUrl": "url" in worker ? worker.url : null, callbackUrl };
  for (const [field, url] of Object.entries(urls)) {
    if (url === null) continue;
    try {
      checkOutboundUrl(url, { allowInsecure: deps.config.emulator, allowedHosts: deps.config.allowedHosts });
    } catch (error) {
      if (!(error instanceof BoomerangError)) throw error;
      const { code, message, status } = error;
      throw new BoomerangError(code, message, { status, errors: [{ field, message }] });
    }
  }
}

async function writeError(deps: Deps, snapshot: DocumentSnapshot, data: Fields, error: BoomerangError): Promise<void> {
  const details = error.errors.map(({ field, message }) => `${field}: ${message}`);
  const webhook = {
    correlationId: null,
    status: "failed",
    progress: null,
    resultUrl: null,
    error: details.length > 0 ? details.join("; ") : error.message,
    updatedAt: timestamp(deps.now()),
  };
  try {
    await snapshot.ref.update({ webhook, ...sealedCredentials(deps, data) });
  } catch (failure) {
    // Deleted meanwhile: there is nobody left to tell.
    if (!hasCode(failure, notFound)) throw failure;
  }
}
