import { createHash, randomBytes } from "node:crypto";
import {
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from "firebase-admin/firestore";
import { messageOf } from "../domain/errors.ts";
import { hasCode, notFound, timestamp } from "../platform/firestore.ts";
import type { Log } from "../platform/log.ts";
import { createReadCache } from "../platform/read-cache.ts";

export const scopes = ["tasks:read", "tasks:write", "webhooks", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** `apiKeys/{hash}`: a key, of which only the hash is kept. */
export interface ApiKey {
  /** By which it is listed and deleted; random, and nothing to do with the hash. */
  readonly id: string;
  readonly ownerId: string;
  readonly scopes: readonly Scope[];
  readonly name: string | null;
  /** The first characters of the key, to recognise it by; null where only its owner ever saw it. */
  readonly hint: string | null;
  readonly createdAt: Timestamp;
  /** Owner of the key that made it; null where a command of the operator did. */
  readonly createdBy: string | null;
  /** To within an hour; null before the first use. */
  readonly lastUsedAt: Timestamp | null;
}

/** What whoever makes a key says of it. */
export type ApiKeySettings = Pick<ApiKey, "ownerId" | "scopes" | "name" | "createdBy">;

const hintLength = 10;

export function apiKeysIn(db: Firestore) {
  return db.collection("apiKeys");
}

/** Under what a key is kept. Keys are long and random, so a slow hash would only cost time. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** Makes a key (32 random bytes) and stores its hash. The key itself is in what this gives, and never again. `now` is in milliseconds since 1970. */
export async function createApiKey(
  db: Firestore,
  now: number,
  settings: ApiKeySettings,
): Promise<{ readonly key: string; readonly apiKey: ApiKey }> {
  const key = `bmr_${randomBytes(32).toString("base64url")}`;
  const apiKey: ApiKey = {
    ...settings,
    id: newKeyId(),
    hint: key.slice(0, hintLength),
    createdAt: timestamp(now),
    lastUsedAt: null,
  };
  await apiKeysIn(db).doc(hashOf(key)).create(apiKey);
  return { key, apiKey };
}

/** The key that a document holds, even one that somebody wrote by hand. */
export function readApiKey(snapshot: DocumentSnapshot): ApiKey {
  const data = snapshot.data() ?? {};
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  const time = (value: unknown) => (value instanceof Timestamp ? value : undefined);
  return {
    id: String(data.id),
    ownerId: String(data.ownerId),
    scopes: [...knownScopes(data.scopes)],
    name: text(data.name),
    hint: text(data.hint),
    createdAt: time(data.createdAt) ?? snapshot.createTime ?? timestamp(0),
    createdBy: text(data.createdBy),
    lastUsedAt: time(data.lastUsedAt) ?? null,
  };
}

function newKeyId(): string {
  return `key_${randomBytes(16).toString("base64url")}`;
}

/** What a key's document says, as far as it counts. */
export type KnownKey = { readonly ownerId: unknown; readonly scopes: ReadonlySet<Scope> };

/** Reads keys by their hash, through a small cache. */
export interface ApiKeys {
  /** Also records that the key was used. Undefined where there is none. */
  find(hash: string): Promise<KnownKey | undefined>;
  /** It was deleted here: on this instance that counts at once. */
  forget(hash: string): void;
}

/** A deleted key stops working within this time on every instance. */
const cacheMs = 30_000;
/** The last use of a key is known to within this time: each use of its own would be a write. */
const lastUseMs = 3_600_000;

/** `now` is in milliseconds since 1970. */
export function createApiKeys({ db, now, log }: { db: Firestore; now: () => number; log: Log }): ApiKeys {
  const cache = createReadCache<KnownKey | undefined>(now, cacheMs);

  async function read(hash: string): Promise<KnownKey | undefined> {
    const ref = apiKeysIn(db).doc(hash);
    const data = (await ref.get()).data();
    if (data === undefined) return undefined;
    const used = now() - lastUse(data) < lastUseMs || (await recordUse(ref, data));
    return used ? { ownerId: data.ownerId, scopes: knownScopes(data.scopes) } : undefined;
  }

  /**
   * False where the key has gone meanwhile. Not with `set`: a key that is deleted at this moment must stay deleted. A key that
   * somebody made by hand gets what it lacks to be listed and deleted like any other.
   */
  async function recordUse(ref: DocumentReference, data: DocumentData): Promise<boolean> {
    const id = typeof data.id === "string" ? data.id : newKeyId();
    const createdAt = data.createdAt instanceof Timestamp ? data.createdAt : timestamp(now());
    try {
      await ref.update({ id, createdAt, lastUsedAt: timestamp(now()) });
    } catch (error) {
      if (hasCode(error, notFound)) return false;
      log.warn("api: the use of a key cannot be recorded", { reason: messageOf(error) });
    }
    return true;
  }

  return {
    async find(hash) {
      const key = await cache.get(hash, () => read(hash));
      if (key === undefined) cache.forget(hash);
      return key;
    },
    forget: cache.forget,
  };
}

function lastUse({ lastUsedAt }: DocumentData): number {
  return lastUsedAt instanceof Timestamp ? lastUsedAt.toMillis() : 0;
}

/** Those that there are; what else somebody may have written grants nothing. */
export function knownScopes(stored: unknown): ReadonlySet<Scope> {
  return new Set(scopes.filter((scope) => Array.isArray(stored) && stored.includes(scope)));
}
