import type { Format } from "./format.ts";
import { pythonJson } from "./python-json.ts";
import { resultFields } from "./result.ts";
import { sha256Signature } from "./sha256-signature.ts";
import { isoSeconds } from "./time.ts";

/**
 * The prediction service's callback, sent when the job is over. Its receivers sign `json.dumps(payload, sort_keys=True)` to
 * compare, so it is written that way: the signature holds over the raw body too.
 */
export const predict: Format = {
  name: "predict",
  contentType: "application/json",
  retries: { delaysSeconds: [1, 2, 4], capSeconds: 3_600, jitter: 0 },
  render(event) {
    if (event.kind !== "completed" && event.kind !== "failed" && event.kind !== "cancelled") return undefined;
    const { task } = event;
    return pythonJson({
      job_id: task.id,
      status: task.outcome ?? event.kind,
      ...resultFields(task),
      timestamp: isoSeconds(event.at),
      ...(event.kind === "completed" ? {} : { error: task.error }),
    });
  },
  headers: ({ body, secret }) => (secret === null ? {} : { "X-Signature": sha256Signature(secret, body) }),
};
