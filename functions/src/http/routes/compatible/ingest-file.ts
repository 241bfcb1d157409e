import { z } from "zod";
import type { Deps } from "../../../deps.ts";
import { parseFields } from "../../../domain/validation.ts";
import type { TaskFile } from "../../../tasks/pending-webhook.ts";
import { derivedId } from "../../../tasks/submit.ts";
import { fileTooLarge, keepFile, maxFileBytes, submitWithFile } from "../../../tasks/task-file.ts";
import { url } from "../../../tasks/task-request.ts";
import { eventSource } from "../../../webhooks/outgoing-event.ts";
import { withoutEmpty } from "../../list-query.ts";
import { readForm } from "../../read-form.ts";
import { defineRoute, type Route } from "../../route.ts";
import { toTaskRequest } from "../../task-body.ts";
import { ingestedSchema, ingestedView } from "../../views/compatible/ingest-view.ts";
import { moragStatusView } from "../../views/compatible/morag-view.ts";

/** For the text fields, the boundaries and the parts' headers. */
const maxBytesBesideFile = 1_024 * 1_024;

const form = z
  .strictObject({
    source_type: z
      .string("is missing")
      .max(100)
      .regex(/^[^\p{Cc}\p{Cs}]+$/u, "must not hold control characters")
      .meta({ description: "What the file is: `document`, `audio`, … The service is told." }),
    webhook_url: url.optional().meta({ description: "Where the task's events are sent, in MoRAG's shape." }),
    // In place of the part itself stands what became of it.
    file: z
      .custom<TaskFile>((part) => typeof part === "object", "must be one file, with a file name")
      .meta({
        override: { type: "string", format: "binary", description: "At most 100 MB, or 30 MB on Cloud Functions." },
      }),
  })
  .meta({
    id: "IngestForm",
    examples: [{ source_type: "document", file: "…", webhook_url: "https://your-app.example.com/webhook" }],
  });

/** MoRAG's upload; the service that does the work is the one registered as `ingest`. */
export const ingestRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "post",
      path: "/api/v1/ingest/file",
      operationId: "ingestFile",
      tag: "MoRAG",
      summary: "Hand a file to the service `ingest`",
      description:
        "The parts may have any order. The service gets a `file_url`, from which it can fetch the file for as long as the task is open.",
      scope: "tasks:write",
      params: {},
      body: form,
      bodyType: "multipart/form-data",
      idempotent: true,
      answers: { 202: { description: "It is stored, and will be sent out.", schema: ingestedSchema } },
      problems: {
        400: ["bad_form"],
        409: ["idempotency_key_reused"],
        422: ["unknown_service", "unknown_provider", "url_not_allowed"],
      },
    },
    async (deps, { identity, raw, idempotencyKey: key }) => {
      const id = key === undefined ? deps.newId() : derivedId("idempotency-key", identity.ownerId, key);
      const { task } = await submitWithFile(deps, id, async (path) => {
        const { source_type, webhook_url, file } = await readIngestForm(deps, raw, path);
        const told = { source_type, ...(webhook_url === undefined ? {} : { webhook_url }) };
        const request = toTaskRequest(identity, {
          service: "ingest",
          prompt: "",
          parameters: { source_type },
          metadata: told,
          priority: 0,
          callback_url: webhook_url,
          callback_format: "morag",
        });
        return { ...request, file };
      });
      return { status: 202, body: ingestedView(task, moragStatusView(task, eventSource(deps.config))) };
    },
  ),
];

async function readIngestForm(deps: Deps, raw: Request, path: string) {
  const options = {
    fileField: "file",
    maxBytes: maxFileBytes(deps.config) + maxBytesBesideFile,
    tooLarge: fileTooLarge(deps.config),
  };
  const { fields, file } = await readForm(raw, options, (part) => keepFile(deps, path, part));
  return parseFields(form, { ...withoutEmpty(fields), ...(file === undefined ? {} : { file }) });
}
