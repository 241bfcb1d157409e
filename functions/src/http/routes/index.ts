import type { Route } from "../route.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { eventRoutes } from "./events.ts";
import { metaRoutes } from "./meta.ts";
import { taskRoutes } from "./tasks.ts";
import { webhookRoutes } from "./webhooks.ts";

/** Every route of the API. Where two paths fit, the one that comes first counts. */
export const routes: readonly Route[] = [
  ...metaRoutes,
  ...taskRoutes,
  ...webhookRoutes("/api/v1/webhooks", "standard"),
  ...webhookRoutes("/api/webhooks", "taskflow"),
  ...deliveryRoutes,
  ...eventRoutes,
];
