import type { Readable } from "node:stream";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { isFinal } from "../domain/task-state.ts";
import { pendingWebhookRef, readPendingWebhook, type TaskFile } from "./pending-webhook.ts";

/** Where the service of a task fetches the task's file. It is derived anew for each call, and stored nowhere. */
export function fileUrl({ config, keys }: Pick<Deps, "config" | "keys">, taskId: string) {
  const token = keys.fileUrls.sign(taskId);
  return { url: `${config.callbackBaseUrl}/api/v1/files/${encodeURIComponent(taskId)}?token=${token}`, token };
}

/**
 * The file of an open task, for whoever has its URL. Throws `unauthenticated` (401) for a wrong token before anything is read, and
 * `file_gone` (410) when the task is over.
 */
export async function openFile(
  deps: Deps,
  taskId: string,
  token: string,
): Promise<{ readonly file: TaskFile; readonly content: Readable }> {
  if (!deps.keys.fileUrls.verify(taskId, token)) {
    const message = "The token is missing or wrong. Fetch the file_url exactly as it came.";
    // A token in the query is a Bearer token too (RFC 6750, 2.3), and a 401 names its scheme (RFC 9110, 15.5.2).
    const headers = { "WWW-Authenticate": 'Bearer realm="boomerang"' };
    throw new BoomerangError("unauthenticated", message, { status: 401, headers });
  }
  const data = (await pendingWebhookRef(deps.db, taskId).get()).data();
  const task = data === undefined ? undefined : readPendingWebhook(data);
  const open = task !== undefined && !isFinal(task.status) && task.expiresAt > deps.now();
  const content = open && task.file !== null ? await deps.files.read(task.file.path) : undefined;
  if (task?.file == null || content === undefined) {
    const message = "The task is over: its file can be fetched only while it is open.";
    throw new BoomerangError("file_gone", message, { status: 410 });
  }
  return { file: task.file, content };
}
