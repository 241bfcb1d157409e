import { z } from "zod";
import { BoomerangError } from "../../domain/errors.ts";
import { deliveryStatuses, isDeliveryId } from "../../webhooks/delivery.ts";
import { listDeliveries, pageSize } from "../../webhooks/find-deliveries.ts";
import { retryDelivery } from "../../webhooks/requeue.ts";
import { cursor, wholeNumber } from "../list-query.ts";
import { ownerOrAll, ownersOf } from "../owner-query.ts";
import { defineRoute, type Route } from "../route.ts";
import { deliverySchema, deliveryView } from "../views/delivery-view.ts";
import { listOf } from "../views/view.ts";

/** `failed` is TaskFlow's word for a delivery whose attempts have all failed. */
export const deliveryStatus = z
  .enum([...deliveryStatuses, "failed"])
  .transform((given) => (given === "failed" ? "dead" : given))
  .optional()
  .meta({ description: "`failed` is the same as `dead`." });

export const deliveryQuery = z.strictObject({ status: deliveryStatus, limit: wholeNumber(100, pageSize), cursor });
export const deliveryList = listOf(deliverySchema);

/** `/api/v1/deliveries`: with `status=dead`, the dead letter queue. */
export const deliveryRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "get",
      path: "/api/v1/deliveries",
      operationId: "listDeliveries",
      tag: "Deliveries",
      summary: "Your deliveries, newest first",
      description: "With `status=dead` it is the dead letter queue: what was not delivered after its last attempt.",
      scope: "webhooks",
      params: {},
      query: deliveryQuery.extend({ owner_id: ownerOrAll }),
      answers: { 200: { description: "A page of them.", schema: deliveryList } },
    },
    async (deps, { identity, query: { owner_id, ...query } }) => {
      const { data, nextCursor } = await listDeliveries(deps, ownersOf(identity, owner_id), query);
      return { status: 200, body: { data: data.map(deliveryView), next_cursor: nextCursor } };
    },
  ),
  defineRoute(
    {
      method: "post",
      path: "/api/v1/deliveries/{id}/retry",
      operationId: "retryDelivery",
      tag: "Deliveries",
      summary: "Send a dead delivery again",
      description: "The same bytes under the same `webhook-id`, with a new round of retries.",
      scope: "webhooks",
      params: { id: "delivery" },
      answers: { 202: { description: "It is on its way.", schema: deliverySchema } },
      problems: { 404: ["delivery_not_found"], 409: ["delivery_not_dead", "too_many_attempts"] },
    },
    async (deps, { identity, params }) => {
      const delivery = await retryDelivery(deps, identity, deliveryId(params.id));
      return { status: 202, body: deliveryView(delivery) };
    },
  ),
];

/** A delivery's id as it stands in a path. Throws `delivery_not_found` (404) for what cannot be one. */
function deliveryId(text: string): string {
  if (isDeliveryId(text)) return text;
  throw new BoomerangError("delivery_not_found", `There is no delivery "${text.slice(0, 100)}".`, { status: 404 });
}
