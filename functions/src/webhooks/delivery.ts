import { createHash } from "node:crypto";
import type { Firestore, Timestamp } from "firebase-admin/firestore";

/** Whose fault a failed attempt was. */
export type Fault = "subscriber" | "ours";

/** One request to a subscriber. */
export interface DeliveryAttempt {
  readonly number: number;
  readonly at: Timestamp;
  readonly durationMs: number;
  /** Null where no answer came. */
  readonly statusCode: number | null;
  /** Null where it was delivered. */
  readonly error: string | null;
  readonly fault: Fault | null;
  /** The first kilobyte of the answer. */
  readonly responseBody: string | null;
}

/** `dead`: every attempt failed; kept, listed, and sent again on request. */
export const deliveryStatuses = ["pending", "delivered", "dead"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** `deliveries/{id}`: one event on its way to one endpoint. It is made by the first attempt. */
export interface Delivery {
  readonly id: string;
  readonly eventId: string;
  /** Where the event is. */
  readonly source: EventSource;
  readonly eventType: string;
  readonly ownerId: string;
  /** Null for a task's own callback URL. */
  readonly webhookId: string | null;
  /** The task whose event this is; null for an event of the application. */
  readonly taskId: string | null;
  readonly url: string;
  readonly format: string;
  /** The bytes that every attempt sends. */
  readonly body: string;
  readonly status: DeliveryStatus;
  readonly attempts: readonly DeliveryAttempt[];
  /** How many attempts had been made when the present round of retries began: a dead one that is retried gets a new round. */
  readonly roundStart: number;
  /** When the next attempt is due, milliseconds since 1970; null where none is. */
  readonly nextAttemptAt: number | null;
  readonly createdAt: Timestamp;
  readonly completedAt: Timestamp | null;
  /** Only while pending: where and when the sweep looks for attempts that got lost. */
  readonly sweepShard?: number;
  readonly sweepAt?: number;
  /** The replay that sent it again last. */
  readonly replayId?: string;
  readonly purgeAt: Timestamp;
}

/** One of a task's events, by its number, or one of the application's. */
export type EventSource = { readonly task: string; readonly seq: number } | { readonly event: string };

/** What the queue carries for one attempt. */
export interface DeliveryOrder {
  readonly source: EventSource;
  /** A webhook's id; null for the task's own callback URL. */
  readonly webhookId: string | null;
  /** From 1. */
  readonly attempt: number;
  /** Where the webhook had its share of the hour: the end of that hour, milliseconds since 1970. */
  readonly waitUntil?: number;
}

/** The event's id, which subscribers see as `webhook-id`. */
export function eventIdOf(source: EventSource): string {
  return "event" in source ? source.event : `evt_${source.task}_${source.seq}`;
}

/** The same event to the same endpoint is the same delivery. */
export function deliveryIdOf(order: Pick<DeliveryOrder, "source" | "webhookId">): string {
  const name = `${eventIdOf(order.source)}\n${order.webhookId ?? "callback"}`;
  return `dlv_${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
}

/** Whether `id` has the form of one that `deliveryIdOf` gives. */
export function isDeliveryId(id: string): boolean {
  return /^dlv_[0-9a-f]{32}$/.test(id);
}

export function deliveries(db: Firestore) {
  return db.collection("deliveries");
}
