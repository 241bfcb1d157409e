import type { Firestore, Timestamp } from "firebase-admin/firestore";
import { createReadCache } from "../platform/read-cache.ts";

/** A secret of a webhook, encrypted. The first of a webhook's is the newest. */
export interface SealedSecret {
  readonly sealed: string;
  /** Milliseconds since 1970; null while it is the newest. */
  readonly expiresAt: number | null;
}

/** `webhooks/{id}`: a subscriber's endpoint. */
export interface Webhook {
  readonly id: string;
  readonly ownerId: string;
  /** Unique for the owner. */
  readonly name: string;
  readonly url: string;
  readonly description: string | null;
  /** `job.completed`, `job.*`, `*`. */
  readonly events: readonly string[];
  /** Custom headers as JSON, encrypted: they may hold credentials. */
  readonly sealedHeaders: string | null;
  readonly sealedSecrets: readonly SealedSecret[];
  readonly retryCount: number;
  readonly timeoutSeconds: number;
  readonly isActive: boolean;
  readonly format: string;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  /** Why and when it was disabled other than by its owner. */
  readonly disabledReason: string | null;
  readonly disabledAt: Timestamp | null;
  /** Since when every attempt has failed, milliseconds since 1970; null after a success. */
  readonly failingSince: number | null;
  /** When something was last delivered (or it was made or enabled), milliseconds since 1970, to the hour. */
  readonly lastDeliveredAt: number;
}

export const maxWebhooksPerOwner = 10;

export function webhooks(db: Firestore) {
  return db.collection("webhooks");
}

/** A webhook that was changed counts within this time, on every instance. */
const cacheMs = 5_000;

/** Reads webhooks through a small cache: publishing asks for an owner's all the time. */
export interface FindWebhooks {
  /** All of an owner's, the disabled ones too. */
  ofOwner(ownerId: string): Promise<readonly Webhook[]>;
  byId(id: string): Promise<Webhook | undefined>;
}

/** `now` is in milliseconds. */
export function createFindWebhooks(db: Firestore, now: () => number): FindWebhooks {
  const owners = createReadCache<readonly Webhook[]>(now, cacheMs);
  const ids = createReadCache<Webhook | undefined>(now, cacheMs);
  return {
    ofOwner: (ownerId) =>
      owners.get(ownerId, async () => {
        const { docs } = await webhooks(db).where("ownerId", "==", ownerId).get();
        return docs.map((doc) => doc.data() as Webhook);
      }),
    byId: (id) => ids.get(id, async () => (await webhooks(db).doc(id).get()).data() as Webhook | undefined),
  };
}

/** Whether a webhook with these patterns wants an event of this type. */
export function matches(patterns: readonly string[], type: string): boolean {
  return patterns.some(
    (pattern) =>
      pattern === "*" || pattern === type || (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1))),
  );
}
