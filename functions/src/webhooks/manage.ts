import type { Deps } from "../deps.ts";
import { isDocumentId } from "../domain/document-id.ts";
import { BoomerangError } from "../domain/errors.ts";
import { checkOutboundUrl } from "../domain/outbound-url.ts";
import { timestamp } from "../platform/firestore.ts";
import { newWebhookSecret, rotationOverlapMs } from "./signing.ts";
import { maxWebhooksPerOwner, type Webhook, webhooks } from "./webhook.ts";
import type { WebhookChanges, WebhookSettings } from "./webhook-settings.ts";

/** Requests of one owner that come at once wait for each other; the Admin SDK's five attempts would not do for all. */
const transactionOptions = { maxAttempts: 20 };
/** As many secrets sign at most, however often they are rotated within the overlap. */
const maxLiveSecrets = 5;

interface Viewer {
  readonly ownerId: string;
  readonly admin: boolean;
}

/** The webhook and, this once, its secret in the clear. */
export interface WithSecret {
  readonly webhook: Webhook;
  readonly secret: string;
}

/**
 * Makes a webhook. Names are unique for an owner, and an owner has ten at most; both hold for any number of requests at once.
 * Throws `url_not_allowed` (422), `name_taken` (409), `too_many_webhooks` (409).
 */
export async function createWebhook(deps: Deps, ownerId: string, settings: WebhookSettings): Promise<WithSecret> {
  checkUrl(deps, settings.url);
  const now = deps.now();
  const secret = settings.secret ?? newWebhookSecret();
  const webhook: Webhook = {
    id: deps.newId(),
    ownerId,
    name: settings.name,
    url: settings.url,
    description: settings.description,
    events: settings.events,
    sealedHeaders: sealHeaders(deps, settings.headers),
    sealedSecrets: [{ sealed: deps.keys.seal(secret), expiresAt: null }],
    retryCount: settings.retryCount,
    timeoutSeconds: settings.timeoutSeconds,
    isActive: settings.isActive,
    format: settings.format,
    createdAt: timestamp(now),
    updatedAt: timestamp(now),
    disabledReason: null,
    disabledAt: null,
    failingSince: null,
    lastDeliveredAt: now,
  };
  await deps.db.runTransaction(async (transaction) => {
    const { docs } = await transaction.get(webhooks(deps.db).where("ownerId", "==", ownerId));
    const others = docs.map((doc) => doc.data() as Webhook);
    refuseTakenName(others, webhook);
    if (others.length >= maxWebhooksPerOwner) {
      const message = `You have ${others.length} webhooks, and ${maxWebhooksPerOwner} is the most. Delete one first.`;
      throw new BoomerangError("too_many_webhooks", message, { status: 409 });
    }
    transaction.create(webhooks(deps.db).doc(webhook.id), webhook);
  }, transactionOptions);
  return { webhook, secret };
}

/** Changes what is given. Enabling it again forgets why it was disabled. Throws as `createWebhook`, and `webhook_not_found` (404). */
export async function changeWebhook(deps: Deps, viewer: Viewer, id: string, changes: WebhookChanges): Promise<Webhook> {
  if (changes.url !== undefined) checkUrl(deps, changes.url);
  const ref = webhookRef(deps, id);
  return await deps.db.runTransaction(async (transaction) => {
    const before = visible(viewer, id, (await transaction.get(ref)).data() as Webhook | undefined);
    const { secret, headers, ...plain } = changes;
    const now = deps.now();
    const enabled = changes.isActive === true && !before.isActive;
    const after: Webhook = {
      ...before,
      ...plain,
      ...(headers === undefined ? {} : { sealedHeaders: sealHeaders(deps, headers) }),
      ...(secret === undefined ? {} : { sealedSecrets: rotated(deps, before, secret, now) }),
      ...(enabled ? { disabledReason: null, disabledAt: null, failingSince: null, lastDeliveredAt: now } : {}),
      updatedAt: timestamp(now),
    };
    if (after.name !== before.name) {
      const { docs } = await transaction.get(webhooks(deps.db).where("ownerId", "==", before.ownerId));
      refuseTakenName(
        docs.map((doc) => doc.data() as Webhook),
        after,
      );
    }
    transaction.set(ref, after);
    return after;
  }, transactionOptions);
}

/** A new secret, given or made; those before sign beside it until a day after they were replaced. Throws `webhook_not_found` (404). */
export async function rotateSecret(deps: Deps, viewer: Viewer, id: string, given?: string): Promise<WithSecret> {
  const secret = given ?? newWebhookSecret();
  return { webhook: await changeWebhook(deps, viewer, id, { secret }), secret };
}

/** Deletes it; deliveries that are on their way end as dead. Throws `webhook_not_found` (404). */
export async function deleteWebhook(deps: Deps, viewer: Viewer, id: string): Promise<void> {
  await findWebhook(deps, viewer, id);
  await webhookRef(deps, id).delete();
}

/** All of an owner's, oldest first. */
export async function listWebhooks(deps: Deps, ownerId: string): Promise<Webhook[]> {
  const { docs } = await webhooks(deps.db).where("ownerId", "==", ownerId).get();
  const all = docs.map((doc) => doc.data() as Webhook);
  return all.sort((a, b) => a.createdAt.toMillis() - b.createdAt.toMillis());
}

/** Throws `webhook_not_found` (404), also where it is somebody else's. */
export async function findWebhook(deps: Deps, viewer: Viewer, id: string): Promise<Webhook> {
  return visible(viewer, id, (await webhookRef(deps, id).get()).data() as Webhook | undefined);
}

function visible(viewer: Viewer, id: string, webhook: Webhook | undefined): Webhook {
  if (webhook !== undefined && (viewer.admin || webhook.ownerId === viewer.ownerId)) return webhook;
  throw notFound(id);
}

/** Throws `webhook_not_found` (404) for what cannot be an id. */
function webhookRef(deps: Deps, id: string) {
  if (!isDocumentId(id)) throw notFound(id);
  return webhooks(deps.db).doc(id);
}

function notFound(id: string): BoomerangError {
  return new BoomerangError("webhook_not_found", `There is no webhook "${id.slice(0, 100)}".`, { status: 404 });
}

function rotated(deps: Deps, before: Webhook, secret: string, now: number): Webhook["sealedSecrets"] {
  const old = before.sealedSecrets
    .map(({ sealed, expiresAt }) => ({ sealed, expiresAt: expiresAt ?? now + rotationOverlapMs }))
    .filter(({ expiresAt }) => expiresAt > now);
  return [{ sealed: deps.keys.seal(secret), expiresAt: null }, ...old.slice(0, maxLiveSecrets - 1)];
}

function sealHeaders(deps: Deps, headers: Readonly<Record<string, string>>): string | null {
  return Object.keys(headers).length === 0 ? null : deps.keys.seal(JSON.stringify(headers));
}

function refuseTakenName(others: readonly Webhook[], webhook: Webhook): void {
  if (!others.some((other) => other.id !== webhook.id && other.name === webhook.name)) return;
  const message = `You have a webhook called "${webhook.name}" already. Choose another name.`;
  throw new BoomerangError("name_taken", message, { status: 409, errors: [{ field: "name", message: "is taken" }] });
}

function checkUrl(deps: Deps, url: string): void {
  checkOutboundUrl(url, { allowInsecure: deps.config.emulator, allowedHosts: deps.config.allowedHosts });
}
