import type { Deps } from "../deps.ts";
import { hasCode, notFound, timestamp } from "../platform/firestore.ts";
import { eventDocument, events } from "./publish-event.ts";
import type { SentDelivery } from "./send-delivery.ts";
import { type Webhook, webhooks } from "./webhook.ts";

const dayMs = 24 * 3_600_000;
const onlyFailuresMs = 5 * dayMs;
export const nothingDeliveredMs = 30 * dayMs;
/** How exactly `lastDeliveredAt` is kept, so that a busy webhook is not written with every delivery. */
const noteEveryMs = 3_600_000;

type Health = Pick<Webhook, "failingSince" | "lastDeliveredAt">;

/** What was noted of a webhook since it was read: the cache hands the same object out for a while. */
const noted = new WeakMap<Webhook, Health>();

/** Keeps what is known of a webhook's health, writing only where it changes, and disables one that is gone. */
export async function noteHealth(deps: Deps, webhook: Webhook, sent: SentDelivery): Promise<void> {
  if (sent.fault === "ours" || !webhook.isActive) return;
  const now = deps.now();
  const { failingSince, lastDeliveredAt } = noted.get(webhook) ?? webhook;
  if (sent.verdict === "delivered") {
    const stale = now - lastDeliveredAt > noteEveryMs;
    if (failingSince !== null || stale) await note(deps, webhook, { failingSince: null, lastDeliveredAt: now });
  } else if (sent.verdict === "gone") {
    await disable(deps, webhook.id, "It answered 410 Gone.", ({ url }) => url === webhook.url);
  } else if (failingSince === null) {
    await note(deps, webhook, { failingSince: now });
  } else if (now - failingSince >= onlyFailuresMs) {
    await disable(deps, webhook.id, "Every attempt of the last 5 days failed.", (stored) => {
      return stored.failingSince !== null && now - stored.failingSince >= onlyFailuresMs;
    });
  }
}

async function note(deps: Deps, webhook: Webhook, changes: Partial<Health>): Promise<void> {
  const { failingSince, lastDeliveredAt } = noted.get(webhook) ?? webhook;
  noted.set(webhook, { failingSince, lastDeliveredAt, ...changes });
  try {
    await webhooks(deps.db).doc(webhook.id).update(changes);
  } catch (error) {
    noted.delete(webhook);
    // Deleted meanwhile.
    if (!hasCode(error, notFound)) throw error;
  }
}

/** Disables the webhooks to which nothing could be delivered for 30 days; part of the schedule. Gives how many. */
export async function disableInactive(deps: Deps): Promise<number> {
  const limit = deps.now() - nothingDeliveredMs;
  const { docs } = await webhooks(deps.db)
    .where("isActive", "==", true)
    .where("lastDeliveredAt", "<=", limit)
    .limit(200)
    .get();
  const reason = "Nothing was delivered for 30 days.";
  const disabled = await Promise.all(
    docs.map(({ id }) => disable(deps, id, reason, ({ lastDeliveredAt }) => lastDeliveredAt <= limit)),
  );
  return disabled.filter(Boolean).length;
}

/**
 * Disables a webhook for which `holds` is still true, and stores the event that tells of it: one commit, so that there is one event
 * however many see the reason at once. Gives whether it was this call.
 */
async function disable(
  deps: Deps,
  webhookId: string,
  reason: string,
  holds: (stored: Webhook) => boolean,
): Promise<boolean> {
  const ref = webhooks(deps.db).doc(webhookId);
  const disabled = await deps.db.runTransaction(async (transaction) => {
    const webhook = (await transaction.get(ref)).data() as Webhook | undefined;
    if (!webhook?.isActive || !holds(webhook)) return undefined;
    const { ownerId, name, url } = webhook;
    const payload = { webhook_id: webhookId, name, url, reason };
    const id = `evt_${deps.newId()}`;
    const at = timestamp(deps.now());
    const event = eventDocument(deps, { id, ownerId, type: "webhook.disabled", payload }, webhookId);
    transaction.create(events(deps.db).doc(id), event);
    transaction.update(ref, { isActive: false, disabledReason: reason, disabledAt: at, updatedAt: at });
    return { webhookId, ownerId, reason };
  });
  if (disabled !== undefined) deps.log.warn("webhook: disabled", disabled);
  return disabled !== undefined;
}
