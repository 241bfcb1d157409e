import { createHash } from "node:crypto";
import type { TaskKind } from "./task-plan.ts";

/** What everything is called in a run. */
export const projectId = "demo-chaos";

export const ownerId = (owner: number): string => `owner-${owner}`;
export const ownerKey = (seed: number, owner: number): string =>
  createHash("sha256").update(`key ${seed} ${owner}`).digest("base64url");
export const taskDocumentId = (n: number): string => `chaos-${n}`;
export const callbackEndpoint = (n: number): string => `/callback/${n}`;
export const webhookEndpoint = (owner: number, webhook: string): string => `/${ownerId(owner)}/${webhook}`;

/** The registered service for tasks of that kind. */
export function serviceName(kind: TaskKind): "patient" | "hasty" | "pulsing" | "sync" {
  if (kind === "sync") return "sync";
  if (kind === "late") return "pulsing";
  return kind === "silent" ? "hasty" : "patient";
}

/** What subscribers see as `webhook-id` of a task's event. */
export const taskEventId = (correlationId: string, seq: number): string => `evt_${correlationId}_${seq}`;

/** What an order of the queue is about: one outbound call, or one attempt at one delivery. */
export const dispatchSubject = (correlationId: string, attempt: number): string =>
  `call ${attempt} of ${correlationId}`;
export const deliverySubject = (eventId: string, webhookId: string | null, attempt: number): string =>
  `attempt ${attempt} at ${eventId} to ${webhookId ?? "callback"}`;
