import { Hono } from "hono";
import type { Deps } from "../../deps.ts";
import { BoomerangError } from "../../domain/errors.ts";
import { listDeliveries } from "../../webhooks/find-deliveries.ts";
import { retryDelivery } from "../../webhooks/requeue.ts";
import { deliveryView } from "../delivery-view.ts";
import { type AppEnv, requireScope } from "../identity.ts";

/** `/api/v1/deliveries`: with `status=dead`, the dead letter queue. */
export function deliveryRoutes(deps: Deps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "webhooks");
    const { data, nextCursor } = await listDeliveries(deps, identity.ownerId, context.req.query());
    return context.json({ data: data.map(deliveryView), next_cursor: nextCursor });
  });

  routes.post("/:id/retry", async (context) => {
    const identity = context.get("identity");
    requireScope(identity, "webhooks");
    const delivery = await retryDelivery(deps, identity, deliveryId(context.req.param("id")));
    return context.json(deliveryView(delivery), 202);
  });

  return routes;
}

/** A delivery's id as it stands in a path. Throws `delivery_not_found` (404) for what cannot be one. */
function deliveryId(text: string): string {
  if (/^dlv_[0-9a-f]{32}$/.test(text)) return text;
  throw new BoomerangError("delivery_not_found", `There is no delivery "${text.slice(0, 100)}".`, { status: 404 });
}
