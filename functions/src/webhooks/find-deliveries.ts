import { FieldPath, type Query } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { type Delivery, type DeliveryStatus, deliveries } from "./delivery.ts";

export const pageSize = 20;
export const maxPage = 500;

export interface DeliveryFilter {
  readonly status?: DeliveryStatus | undefined;
}

/** A page of a list by cursor: how many, and after which delivery. */
export interface DeliveryQuery extends DeliveryFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A webhook's deliveries, newest first, by page number from 1. */
export async function deliveriesOfWebhook(
  deps: Deps,
  webhookId: string,
  { status, page }: DeliveryFilter & { readonly page: number },
): Promise<{ data: Delivery[]; nextPage: number | null }> {
  const all = newestFirst(deliveries(deps.db).where("webhookId", "==", webhookId), status);
  const { data, more } = await firstOf(all.offset((page - 1) * pageSize), pageSize);
  return { data, nextPage: more && page < maxPage ? page + 1 : null };
}

export interface DeliveryPage {
  readonly data: Delivery[];
  readonly nextCursor: string | null;
}

/** An owner's deliveries, newest first, by cursor. Throws 400 for a cursor of another list. */
export async function listDeliveries(deps: Deps, ownerId: string, query: DeliveryQuery): Promise<DeliveryPage> {
  return await pageBy(deps, "ownerId", ownerId, query);
}

/** The deliveries of a task's events, newest first, by cursor. Throws 400 for a cursor of another list. */
export async function deliveriesOfTask(deps: Deps, taskId: string, query: DeliveryQuery): Promise<DeliveryPage> {
  return await pageBy(deps, "taskId", taskId, query);
}

async function pageBy(
  deps: Deps,
  field: "ownerId" | "taskId",
  id: string,
  { status, limit, cursor }: DeliveryQuery,
): Promise<DeliveryPage> {
  const all = newestFirst(deliveries(deps.db).where(field, "==", id), status);
  const start = cursor === undefined ? all : all.startAfter(...(await positionOf(deps, field, id, cursor)));
  const { data, more } = await firstOf(start, limit);
  return { data, nextCursor: more ? (data.at(-1)?.id ?? null) : null };
}

/** One more is read than is given, so that whoever asks learns whether there is more. */
async function firstOf(query: Query, limit: number): Promise<{ data: Delivery[]; more: boolean }> {
  const { docs } = await query.limit(limit + 1).get();
  return { data: docs.slice(0, limit).map((doc) => doc.data() as Delivery), more: docs.length > limit };
}

function newestFirst(query: Query, status: string | undefined): Query {
  const some = status === undefined ? query : query.where("status", "==", status);
  return some.orderBy("createdAt", "desc").orderBy(FieldPath.documentId(), "desc");
}

/** A cursor is the last delivery's id. Throws where that is not of the same list. */
async function positionOf(deps: Deps, field: "ownerId" | "taskId", id: string, cursor: string) {
  const valid = /^dlv_[0-9a-f]{32}$/.test(cursor);
  const last = valid ? ((await deliveries(deps.db).doc(cursor).get()).data() as Delivery | undefined) : undefined;
  if (last?.[field] === id) return [last.createdAt, last.id];
  const message = "is not one that this list gave";
  throw new BoomerangError("validation_failed", `cursor ${message}.`, {
    status: 400,
    errors: [{ field: "cursor", message }],
  });
}
