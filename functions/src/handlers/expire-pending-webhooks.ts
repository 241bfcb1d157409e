import { deps } from "../deps.ts";
import { expirePendingWebhooks } from "../tasks/expire.ts";
import { disableInactive } from "../webhooks/health.ts";
import { rescueDeliveries } from "../webhooks/requeue.ts";

/** Leaves 40 of the function's 300 s for the page that is under way. */
const budgetMs = 260_000;

/** The schedule's tick. */
export async function handleExpiry(): Promise<void> {
  const deadline = deps().now() + budgetMs;
  // Side by side: where one of them fails or takes all the time, the others are done all the same.
  const parts = await Promise.allSettled([
    expirePendingWebhooks(deps(), deadline),
    rescueDeliveries(deps(), deadline),
    disableInactive(deps()),
  ]);
  for (const part of parts) if (part.status === "rejected") throw part.reason;
}
