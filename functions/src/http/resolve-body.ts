import { z } from "zod";
import { completed, failed } from "../domain/outcome.ts";
import type { Resolution } from "../tasks/resolve.ts";
import { metadata } from "../tasks/task-request.ts";

/** `POST /tasks/{id}/resolve`: an outcome, or `{"from": "late_callback"}` and nothing beside it. */
export const resolveBody = z
  .strictObject({
    from: z.literal("late_callback").optional().meta({ description: "Alone: the callback that came too late counts." }),
    status: z.enum(["completed", "failed"]).optional(),
    result_url: z
      .url({ protocol: /^(https?|gs)$/ })
      .max(8_192)
      .nullish()
      .meta({ description: "With `completed` only." }),
    result: z.unknown().optional().meta({ description: "With `completed` only." }),
    result_metadata: metadata.nullish(),
    error: z.string().min(1).max(32_768).nullish().meta({ description: "With `failed` only." }),
  })
  .superRefine(({ from, status, ...outcome }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    const given = Object.entries({ status, ...outcome }).filter(([, value]) => value != null);
    if (from !== undefined) {
      for (const [field] of given) refuse(field, "does not go with from");
      return;
    }
    if (status === undefined) return refuse("status", 'must be "completed" or "failed", unless from is given');
    const misplaced = status === "completed" ? ["error"] : ["result", "result_url"];
    for (const [field] of given) {
      if (misplaced.includes(field)) refuse(field, `does not go with the status ${status}`);
    }
  })
  .meta({ id: "Resolution", examples: [{ status: "completed", result_url: "https://cdn.example.com/a.mp4" }] });

/** What the operator decided. */
export function toResolution(body: z.output<typeof resolveBody>): Resolution {
  if (body.from !== undefined) return "late_callback";
  const { status, error, result_url: resultUrl, result, result_metadata } = body;
  const resultMetadata = result_metadata ?? null;
  if (status === "failed") return failed("resolved", error ?? "Ended by an operator.", resultMetadata);
  return completed({ ...(resultUrl == null ? {} : { resultUrl }), result: result ?? null, resultMetadata });
}
