import { HttpsError } from "firebase-functions/https";
import type { Request } from "firebase-functions/tasks";
import { deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { leaveDomain } from "../platform/leave-domain.ts";
import { carryOut } from "../webhooks/carry-out.ts";

/** The queue brings one attempt, or one page of a replay. Whatever is thrown makes the queue bring it again. */
export async function handleDelivery({ data }: Request<unknown>): Promise<void> {
  leaveDomain();
  try {
    await carryOut(deps(), data);
  } catch (error) {
    if (error instanceof BoomerangError && error.retryable) throw new HttpsError("unavailable", error.message);
    throw error;
  }
}
