import { createHash } from "node:crypto";
import type { DocumentReference, Firestore } from "firebase-admin/firestore";
import { BoomerangError } from "../domain/errors.ts";
import { hasCode, notFound, timestamp } from "../platform/firestore.ts";

export const scopes = ["tasks:read", "tasks:write", "webhooks", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Who makes a request, and what they may do. */
export interface Identity {
  readonly ownerId: string;
  readonly admin: boolean;
  readonly scopes: ReadonlySet<Scope>;
  /** Set for a Firebase user, who acts for nobody else. */
  readonly userId: string | null;
  /** Whose requests are counted together: the key, or the user. */
  readonly caller: string;
}

/** Of a route that needs no key. */
export const nobody: Identity = { ownerId: "", admin: false, scopes: new Set(), userId: null, caller: "" };

export type Identify = (headers: Headers) => Promise<Identity>;

/** A deleted key stops working within this time on every instance. */
const cacheMs = 30_000;
const maxCached = 1_000;
/** The last use of a key is known to within this time: each use of its own would be a write. */
const lastUseMs = 3_600_000;

/**
 * Tells who makes a request, from an API key (`X-API-Key`, or `Authorization: Bearer`) or a Firebase ID token (Bearer).
 * Throws `unauthenticated` (401). `now` is in milliseconds since 1970.
 */
export function createIdentify({ db, now }: { readonly db: Firestore; readonly now: () => number }): Identify {
  const cache = new Map<string, { identity: Identity; until: number }>();

  async function byKey(key: string): Promise<Identity> {
    const hash = createHash("sha256").update(key).digest("hex");
    const hit = cache.get(hash);
    if (hit !== undefined && hit.until > now()) return hit.identity;
    const ref = db.collection("apiKeys").doc(hash);
    const data = (await ref.get()).data();
    if (data === undefined) throw unauthenticated("The API key is not known.");
    if (typeof data.ownerId !== "string") throw unauthenticated("The API key has no owner. Make a new one.");
    const granted = new Set<Scope>(scopes.filter((scope) => data.scopes?.includes(scope)));
    if (now() - (data.lastUsedAt?.toMillis() ?? 0) >= lastUseMs) await recordUse(ref);
    const { ownerId } = data;
    const identity = { ownerId, admin: granted.has("admin"), scopes: granted, userId: null, caller: hash };
    if (cache.size >= maxCached) cache.clear();
    cache.set(hash, { identity, until: now() + cacheMs });
    return identity;
  }

  /** Not with `set`: a key that is deleted at this moment must stay deleted. */
  async function recordUse(ref: DocumentReference): Promise<void> {
    try {
      await ref.update({ lastUsedAt: timestamp(now()) });
    } catch (error) {
      if (hasCode(error, notFound)) throw unauthenticated("The API key is not known.");
      throw error;
    }
  }

  return async (headers) => {
    const bearer = /^Bearer\s+(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    const key = headers.get("x-api-key") ?? bearer;
    if (key === undefined || key === "") {
      throw unauthenticated("Send an API key as X-API-Key or Authorization: Bearer, or a Firebase ID token as Bearer.");
    }
    const isIdToken = key === bearer && key.split(".").length === 3;
    return isIdToken ? await byIdToken(key) : await byKey(key);
  };
}

async function byIdToken(token: string): Promise<Identity> {
  const { getAuth } = await import("firebase-admin/auth");
  try {
    const { uid, admin } = await getAuth().verifyIdToken(token);
    const granted: Scope[] = ["tasks:read", "tasks:write", "webhooks"];
    if (admin === true) granted.push("admin");
    return { ownerId: uid, admin: admin === true, scopes: new Set(granted), userId: uid, caller: `user-${uid}` };
  } catch (cause) {
    throw unauthenticated("The Firebase ID token is not valid, or not any more.", cause);
  }
}

/** Throws `forbidden` (403) where the identity lacks the scope; an admin has every one. */
export function requireScope(identity: Identity, scope: Scope): void {
  if (identity.admin || identity.scopes.has(scope)) return;
  throw new BoomerangError("forbidden", `This needs the scope ${scope}.`, { status: 403 });
}

function unauthenticated(message: string, cause?: unknown): BoomerangError {
  const headers = { "WWW-Authenticate": 'Bearer realm="boomerang"' };
  return new BoomerangError("unauthenticated", message, { status: 401, headers, cause });
}
