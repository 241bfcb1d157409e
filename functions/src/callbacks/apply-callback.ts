import { FieldValue } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { progressEvent, startedEvent } from "../domain/events.ts";
import type { Outcome } from "../domain/outcome.ts";
import { transition } from "../domain/task-state.ts";
import { timestamp } from "../platform/firestore.ts";
import { commitShared } from "../platform/shared-commit.ts";
import { readShared } from "../platform/shared-read.ts";
import { keepLargeParts } from "../tasks/large-results.ts";
import { keepLostOutcome } from "../tasks/lost-outcome.ts";
import { pendingWebhookRef, readPendingWebhook } from "../tasks/pending-webhook.ts";
import { settle } from "../tasks/settle.ts";
import { untilUncontended } from "../tasks/until-uncontended.ts";
import type { AuthenticCallback } from "./parse-callback.ts";

/** The answer's body. */
export interface CallbackAnswer {
  readonly received: true;
  readonly duplicate?: true;
  readonly status: string;
  readonly progress?: number;
}

/** Applies an authentic callback. Throws `unknown_task` (404), `conflict` (409), `too_late` (410). */
export async function applyCallback(deps: Deps, callback: AuthenticCallback): Promise<CallbackAnswer> {
  const { claims, report } = callback;
  if (report.kind === "outcome") return await applyOutcome(deps, claims, report.outcome);
  return await applyProgress(deps, claims, report.progress, report.message);
}

type Claims = AuthenticCallback["claims"];

async function applyOutcome(deps: Deps, claims: Claims, reported: Outcome): Promise<CallbackAnswer> {
  const { correlationId, eventPrefix, createdAt } = claims;
  const now = deps.now();
  const outcome = await keepLargeParts(deps.files.keepJson, correlationId, reported);
  const settled = await settle(deps.db, {
    correlationId,
    outcome,
    eventPrefix,
    createdAt,
    now,
    retentionMs: deps.config.taskRetentionMs,
  });
  if (settled === "unknown_task") throw unknownTask(correlationId);
  if (settled === "settled") return { received: true, status: outcome.status };
  return await keepLostOutcome(deps, correlationId, outcome, now);
}

/** A report of progress: it never goes backwards, and is one event for each milestone. */
async function applyProgress(
  deps: Deps,
  { correlationId, eventPrefix }: Claims,
  progress: number,
  message: string | undefined,
): Promise<CallbackAnswer> {
  const ref = pendingWebhookRef(deps.db, correlationId);
  return await untilUncontended(async (): Promise<CallbackAnswer> => {
    const [snapshot] = await readShared(deps.db, ref);
    const data = snapshot.data();
    if (data === undefined || snapshot.updateTime === undefined) throw unknownTask(correlationId);
    const task = readPendingWebhook(data);
    const step = transition(task.status, "progress");
    if (step.kind === "refuse" && step.reason === "too_late")
      throw new BoomerangError("too_late", "The task had expired.", { status: 410 });
    if (step.kind === "refuse") return { received: true, duplicate: true, status: task.status };

    const now = deps.now();
    const at = timestamp(now);
    const from = task.progress ?? 0;
    const known = Math.max(from, progress);
    const answer: CallbackAnswer = { received: true, status: "initiated", progress: known };
    if (step.kind === "stay" && known === task.progress && task.heartbeatSeconds === null) return answer;

    const events = [
      ...(step.kind === "move" ? [startedEvent(eventPrefix, at)] : []),
      ...[progressEvent(eventPrefix, from, progress, message, at) ?? []].flat(),
    ];
    const expiresAt = task.heartbeatSeconds === null ? task.expiresAt : now + task.heartbeatSeconds * 1_000;
    const changes = {
      ...(step.kind === "move" ? { status: step.to, initiatedAt: at } : {}),
      progress: known,
      expiresAt,
      sweepAt: expiresAt,
      updatedAt: at,
      ...(events.length === 0 ? {} : { history: FieldValue.arrayUnion(...events) }),
    };
    const { updateTime } = snapshot;
    await commitShared(deps.db, {
      about: ref.path,
      bytes: JSON.stringify(events).length,
      addTo: (batch) => batch.update(ref, changes, { lastUpdateTime: updateTime }),
    });
    return answer;
  });
}

function unknownTask(correlationId: string): BoomerangError {
  const message = `There is no task "${correlationId.slice(0, 100)}"; it may have been deleted after its time to live.`;
  return new BoomerangError("unknown_task", message, { status: 404 });
}
