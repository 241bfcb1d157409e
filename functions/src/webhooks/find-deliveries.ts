import type { Deps } from "../deps.ts";
import type { Owners } from "../domain/owners.ts";
import { type PageQuery, readNewestFirst, withFields } from "../platform/list-documents.ts";
import { type Delivery, type DeliveryStatus, deliveries, deliveryStatuses } from "./delivery.ts";

export const pageSize = 20;
export const maxPage = 500;

export interface DeliveryFilter {
  readonly status?: DeliveryStatus | undefined;
}

/** A page of a list by cursor: how many, and after what. */
export interface DeliveryQuery extends DeliveryFilter, PageQuery {}

/** A webhook's deliveries, newest first, by page number from 1. */
export async function deliveriesOfWebhook(
  deps: Deps,
  webhookId: string,
  { status, page }: DeliveryFilter & { readonly page: number },
): Promise<{ data: Delivery[]; nextPage: number | null }> {
  const all = withFields(deliveries(deps.db), { webhookId, status }, deliveryStatuses);
  const list = ["deliveries", { webhookId }, status];
  // A page that ended early would leave a gap before the next number; so few are never too large.
  const query = { limit: pageSize, maxBytes: Number.POSITIVE_INFINITY };
  const { docs, nextCursor } = await readNewestFirst(all.offset((page - 1) * pageSize), list, query);
  const more = nextCursor !== null && page < maxPage;
  return { data: docs.map((doc) => doc.data() as Delivery), nextPage: more ? page + 1 : null };
}

export interface DeliveryPage {
  readonly data: Delivery[];
  readonly nextCursor: string | null;
}

/** The owners' deliveries, newest first, by cursor. Throws 400 for a cursor of another list. */
export async function listDeliveries(deps: Deps, owners: Owners, query: DeliveryQuery): Promise<DeliveryPage> {
  return await pageBy(deps, owners === "everybody" ? {} : owners, query);
}

/** The deliveries of a task's events, newest first, by cursor. Throws 400 for a cursor of another list. */
export async function deliveriesOfTask(deps: Deps, taskId: string, query: DeliveryQuery): Promise<DeliveryPage> {
  return await pageBy(deps, { taskId }, query);
}

async function pageBy(
  deps: Deps,
  of: { readonly ownerId: string } | { readonly taskId: string } | Record<string, never>,
  { status, ...page }: DeliveryQuery,
): Promise<DeliveryPage> {
  const all = withFields(deliveries(deps.db), { ...of, status }, deliveryStatuses);
  const { docs, nextCursor } = await readNewestFirst(all, ["deliveries", of, status], page);
  return { data: docs.map((doc) => doc.data() as Delivery), nextCursor };
}
