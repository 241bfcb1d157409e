import { createHash } from "node:crypto";
import type { Config } from "../config.ts";
import type { Deps } from "../deps.ts";
import { BoomerangError, messageOf } from "../domain/errors.ts";
import { invalidFields } from "../domain/validation.ts";
import type { TaskFile } from "./pending-webhook.ts";
import { type Submission, submitTask } from "./submit.ts";
import type { TaskRequest } from "./task-request.ts";

/** A file as its sender calls it. */
export interface IncomingFile {
  readonly name: string;
  readonly contentType: string;
  readonly content: AsyncIterable<Uint8Array>;
}

const maxNameLength = 255;
/** `type/subtype` (RFC 6838, 4.2). */
const mediaType = /^[\w.+-]{1,127}\/[\w.+-]{1,127}$/;

/** The most that an uploaded file may hold. */
export function maxFileBytes({ maxUploadMb }: Config): number {
  return maxUploadMb * 1_000_000;
}

/** 413, with the limit and where it comes from. */
export function fileTooLarge(config: Config): BoomerangError {
  const { maxUploadMb } = config;
  const why = maxUploadMb === 30 && !config.emulator ? ": Cloud Functions takes no request over 32 MiB" : "";
  const message = `The file is larger than ${maxUploadMb} MB (${maxFileBytes(config)} bytes), which is the most that is taken here${why}.`;
  return new BoomerangError("body_too_large", message, { status: 413 });
}

/**
 * Writes a file to Cloud Storage as it comes in. Throws `body_too_large` (413) as soon as it is, `validation_failed` (400) for an
 * empty one, and what `content` throws; a part may lie under `path` then.
 */
export async function keepFile(deps: Deps, path: string, file: IncomingFile): Promise<TaskFile> {
  const contentType = mediaType.test(file.contentType) ? file.contentType : "application/octet-stream";
  const maxBytes = maxFileBytes(deps.config);
  const hash = createHash("sha256");
  let bytes = 0;
  async function* metered() {
    for await (const chunk of file.content) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw fileTooLarge(deps.config);
      hash.update(chunk);
      yield chunk;
    }
  }
  await deps.files.write(path, contentType, metered());
  if (bytes === 0) throw invalidFields([{ field: "file", message: "is empty" }]);
  return { path, name: printable(file.name), contentType, bytes, sha256: hash.digest("hex") };
}

/**
 * Submits a task with a file of its own, which `keep` puts under the path that it is given. No file stays that no task has: it is
 * deleted where `keep` or the submission refuses, and where the same request has its task, and so its file, already.
 * @param taskId derived, where asking twice must lead to one task.
 * Throws what `keep` and `submitTask` throw.
 */
export async function submitWithFile(
  deps: Deps,
  taskId: string,
  keep: (path: string) => Promise<TaskRequest>,
): Promise<Submission> {
  // Nothing of the sender's is in it, and no two requests write to the same one.
  const path = `uploads/${taskId}/${deps.newId()}`;
  let request: TaskRequest;
  try {
    request = await keep(path);
  } catch (error) {
    await discard(deps, path);
    throw error;
  }
  try {
    const submission = await submitTask(deps, request, taskId);
    if (submission.task.file?.path !== path) await discard(deps, path);
    return submission;
  } catch (error) {
    // After a fault of ours the task may be stored: a file too many is for the bucket's lifecycle rule, one too few for nobody.
    if (error instanceof BoomerangError && !error.retryable) await discard(deps, path);
    throw error;
  }
}

async function discard(deps: Deps, path: string): Promise<void> {
  try {
    await deps.files.delete(path);
  } catch (error) {
    deps.log.warn("upload: a file is left over", { path, reason: messageOf(error) });
  }
}

/** The name as data: no control characters, nothing that UTF-8 cannot hold, at most 255 characters. */
function printable(name: string): string {
  const clean = name
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, "")
    .trim();
  return clean.slice(0, maxNameLength).toWellFormed() || "file";
}
