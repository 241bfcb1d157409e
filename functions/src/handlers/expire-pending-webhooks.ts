import { deps } from "../deps.ts";
import { expirePendingWebhooks } from "../tasks/expire.ts";

/** Leaves 40 of the function's 300 s for the page that is under way. */
const budgetMs = 260_000;

/** The schedule's tick. */
export async function handleExpiry(): Promise<void> {
  await expirePendingWebhooks(deps(), deps().now() + budgetMs);
}
