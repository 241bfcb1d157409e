import { FieldValue } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { finalEvent } from "../domain/events.ts";
import { type Outcome, outcomeDigest } from "../domain/outcome.ts";
import { fromStorable } from "../domain/storable.ts";
import { isFinal, transition } from "../domain/task-state.ts";
import { timestamp } from "../platform/firestore.ts";
import { findTask, taskNotFound, type Viewer } from "./find-task.ts";
import { keepLargeParts } from "./large-results.ts";
import {
  outcomeRef,
  type PendingWebhook,
  pendingWebhookRef,
  readPendingWebhook,
  type StoredOutcome,
} from "./pending-webhook.ts";
import { settlingWrites } from "./settle.ts";

/** What the operator decides: an outcome of their own, or the callback that came too late. */
export type Resolution = Outcome | "late_callback";

/**
 * Ends a task by hand, whatever its status: the one thing that moves a task that is final. It is an event of its own, and
 * the same resolution twice is one. Throws `task_not_found` (404), `no_late_callback` (409).
 */
export async function resolveTask(
  deps: Deps,
  viewer: Viewer,
  id: string,
  resolution: Resolution,
): Promise<PendingWebhook> {
  await findTask(deps.db, viewer, id);
  const taskRef = pendingWebhookRef(deps.db, id);
  const decided =
    resolution === "late_callback" ? undefined : await keepLargeParts(deps.files.keepJson, id, resolution);
  await deps.db.runTransaction(async (transaction) => {
    const [taskSnapshot, outcomeSnapshot] = await transaction.getAll(taskRef, outcomeRef(deps.db, id));
    const data = taskSnapshot?.data();
    if (data === undefined) throw taskNotFound(id);
    const task = readPendingWebhook(data);
    const stored = outcomeSnapshot?.data() as StoredOutcome | undefined;
    const outcome = decided ?? lateOutcome(task);
    const input = outcome.status === "completed" ? "resolve_completed" : "resolve_failed";
    if (transition(task.status, input).kind === "refuse" || stored?.digest === outcomeDigest(outcome)) return;

    const settlement = {
      correlationId: id,
      outcome,
      eventPrefix: task.eventPrefix,
      createdAt: task.createdAt.toMillis(),
      now: deps.now(),
      retentionMs: deps.config.taskRetentionMs,
    };
    const writes = settlingWrites(settlement);
    if (!isFinal(task.status)) {
      transaction.create(outcomeRef(deps.db, id), writes.outcome);
      transaction.update(taskRef, writes.update);
      return;
    }
    const resolutions = (stored?.resolutions ?? 0) + 1;
    const at = timestamp(settlement.now);
    transaction.set(outcomeRef(deps.db, id), { ...writes.outcome, resolutions, conflicts: stored?.conflicts ?? 0 });
    transaction.update(taskRef, {
      ...writes.update,
      // How long the work took is not changed by what is made of its result later.
      ...(task.durationMs === undefined ? {} : { durationMs: task.durationMs }),
      history: FieldValue.arrayUnion(finalEvent(task.eventPrefix, outcome.status, at, resolutions)),
    });
  });
  return await findTask(deps.db, viewer, id);
}

function lateOutcome(task: PendingWebhook): Outcome {
  const late = task.lateCallback;
  if (late === null) {
    const message =
      "No callback came after the deadline, so there is none to resolve with. Give a status and a result instead.";
    throw new BoomerangError("no_late_callback", message, { status: 409 });
  }
  const { status, resultUrl, error, errorCode } = late;
  const result = fromStorable(late.result);
  return { status, resultUrl, error, errorCode, result, resultMetadata: fromStorable(late.resultMetadata) };
}
