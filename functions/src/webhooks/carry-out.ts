import { z } from "zod";
import type { Deps } from "../deps.ts";
import { deliverWebhook } from "./deliver.ts";
import { replayPage } from "./replay.ts";

const order = z.union([
  z.object({
    deliver: z.object({
      source: z.union([
        z.object({ task: z.string().min(1), seq: z.int().min(1) }),
        z.object({ event: z.string().min(1) }),
      ]),
      webhookId: z.string().min(1).nullable(),
      attempt: z.int().min(1),
      waitUntil: z.number().exactOptional(),
    }),
  }),
  z.object({ replay: z.object({ replayId: z.string().min(1), page: z.int().min(0) }) }),
]);

/**
 * Does what the queue brought: one attempt at a delivery, or one page of a replay. What is neither is dropped, as bringing it again
 * would not help. Throws a retryable error where the queue must bring it again.
 */
export async function carryOut(deps: Deps, data: unknown): Promise<void> {
  const parsed = order.safeParse(data);
  if (!parsed.success) deps.log.error("deliver: the queue brought something that is not an order; dropped");
  else if ("deliver" in parsed.data) await deliverWebhook(deps, parsed.data.deliver);
  else await replayPage(deps, parsed.data.replay);
}
