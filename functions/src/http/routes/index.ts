import type { Route } from "../route.ts";
import { ingestRoutes } from "./compatible/ingest-file.ts";
import { moragRoutes } from "./compatible/morag.ts";
import { predictionRoutes } from "./compatible/prediction.ts";
import { taskServiceRoutes } from "./compatible/task-service.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { eventRoutes } from "./events.ts";
import { fileRoutes } from "./files.ts";
import { keyRoutes } from "./keys.ts";
import { metaRoutes } from "./meta.ts";
import { serviceRoutes } from "./services.ts";
import { statsRoutes } from "./stats.ts";
import { taskRoutes } from "./tasks.ts";
import { webhookRoutes } from "./webhooks.ts";

/** Every route of the API. Where two paths fit, the one that comes first counts. */
export const routes: readonly Route[] = [
  ...metaRoutes(() => routes),
  ...taskRoutes,
  ...webhookRoutes("/api/v1/webhooks", "standard"),
  ...webhookRoutes("/api/webhooks", "taskflow"),
  ...deliveryRoutes,
  ...eventRoutes,
  ...statsRoutes,
  ...serviceRoutes,
  ...keyRoutes,
  ...fileRoutes,
  ...taskServiceRoutes,
  ...predictionRoutes,
  ...ingestRoutes,
  ...moragRoutes,
];
