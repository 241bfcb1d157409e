import type { Timestamp } from "firebase-admin/firestore";
import type { Config } from "../config.ts";
import { finalEvent, type TaskEvent } from "../domain/events.ts";
import { fromStorable } from "../domain/storable.ts";
import { isFinal } from "../domain/task-state.ts";
import type { EventKind, OutgoingEvent, TaskFacts } from "../formats/format.ts";
import type { PendingWebhook } from "../tasks/pending-webhook.ts";
import { eventIdOf } from "./delivery.ts";

/** `events/{id}`: what the application published. */
export interface ApplicationEvent {
  readonly id: string;
  readonly ownerId: string;
  readonly type: string;
  readonly payload: unknown;
  /** A webhook that does not hear of it, as it is about that one. */
  readonly except: string | null;
  readonly requestDigest: string;
  readonly createdAt: Timestamp;
  readonly purgeAt: Timestamp;
}

/**
 * An entry of a task's log, as it is sent. Facts that only the end brings are left out of what came before it, and of an outcome
 * that an operator's `resolve` has replaced since.
 */
export function taskEvent(task: PendingWebhook, entry: TaskEvent<Timestamp>, source: string): OutgoingEvent {
  const { status } = entry;
  const over = isFinal(status);
  const current = over && status === task.status;
  const replaced = over && !current ? `This outcome was replaced: the task is ${task.status} now.` : null;
  const facts: TaskFacts = {
    id: task.correlationId,
    service: task.service,
    projectId: task.projectId,
    userId: task.userId,
    progress: over ? task.progress : (entry.progress ?? null),
    message: entry.message ?? null,
    outcome: over ? status : null,
    resultUrl: current ? task.resultUrl : null,
    result: current ? fromStorable(task.result) : null,
    resultMetadata: current ? fromStorable(task.resultMetadata) : null,
    error: current ? task.error : replaced,
    errorCode: current ? task.errorCode : null,
    metadata: asObject(fromStorable(task.metadata)),
    createdAt: task.createdAt.toMillis(),
    completedAt: over ? entry.at.toMillis() : null,
  };
  const id = eventIdOf({ task: task.correlationId, seq: entry.seq });
  return { id, type: entry.type, at: entry.at.toMillis(), source, kind: kindOf(entry.type), task: facts };
}

/** A task's events so far, as they are sent, in order. One that was imported as finished has at least its end. */
export function taskEvents(task: PendingWebhook, source: string): OutgoingEvent[] {
  const { status, eventPrefix, completedAt, updatedAt } = task;
  const entries = [...task.history].sort((a, b) => a.seq - b.seq);
  if (isFinal(status) && entries.at(-1)?.status !== status) {
    entries.push(finalEvent(eventPrefix, status, completedAt ?? updatedAt));
  }
  return entries.map((entry) => taskEvent(task, entry, source));
}

/** Who tells of events: a URI reference, for formats that name it. */
export function eventSource({ projectId }: Pick<Config, "projectId">): string {
  return `urn:boomerang:${projectId}`;
}

/** An event that the application published, as it is sent. */
export function applicationEvent(event: ApplicationEvent, source: string): OutgoingEvent {
  const payload = asObject(fromStorable(event.payload));
  return { id: event.id, type: event.type, at: event.createdAt.toMillis(), source, kind: "application", payload };
}

function kindOf(type: string): Exclude<EventKind, "application"> {
  const suffix = type.slice(type.lastIndexOf(".") + 1);
  const kinds = ["started", "progress", "completed", "failed", "cancelled"] as const;
  const kind = kinds.find((known) => known === suffix);
  if (kind === undefined) throw new Error(`not a task's event: ${type}`);
  return kind;
}

function asObject(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? { ...value } : {};
}
