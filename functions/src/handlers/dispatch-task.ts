import { HttpsError } from "firebase-functions/https";
import type { Request } from "firebase-functions/tasks";
import { z } from "zod";
import { deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { leaveDomain } from "../platform/leave-domain.ts";
import { dispatchTask } from "../tasks/dispatch.ts";

const order = z.object({ correlationId: z.string().min(1), attempt: z.int().min(1) });

/** The queue brings an order. Whatever is thrown makes the queue bring it again. */
export async function handleDispatch({ data }: Request<unknown>): Promise<void> {
  leaveDomain();
  const parsed = order.safeParse(data);
  if (!parsed.success) {
    deps().log.error("dispatch: the queue brought something that is not an order; dropped");
    return;
  }
  try {
    await dispatchTask(deps(), parsed.data);
  } catch (error) {
    // An expected retry is an answer to the queue; an unexpected one is also an error in the log.
    if (error instanceof BoomerangError && error.retryable) throw new HttpsError("unavailable", error.message);
    throw error;
  }
}
