import { BoomerangError } from "../domain/errors.ts";
import { type ApiKeys, hashOf, type Scope } from "./api-keys.ts";

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

/**
 * Tells who makes a request, from an API key (`X-API-Key`, or `Authorization: Bearer`) or a Firebase ID token (Bearer).
 * Throws `unauthenticated` (401), and `unavailable` (503) where an ID token cannot be checked.
 */
export function createIdentify({ apiKeys }: { readonly apiKeys: ApiKeys }): Identify {
  async function byKey(key: string): Promise<Identity> {
    const hash = hashOf(key);
    const known = await apiKeys.find(hash);
    if (known === undefined) throw unauthenticated("The API key is not known.");
    const { ownerId, scopes } = known;
    if (typeof ownerId !== "string") throw unauthenticated("The API key has no owner. Make a new one.");
    return { ownerId, admin: scopes.has("admin"), scopes, userId: null, caller: hash };
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
    if (isOutage(cause)) throw unavailable(cause);
    throw unauthenticated("The Firebase ID token is not valid, or not any more.", cause);
  }
}

/** Whether Google's certificates could not be had: firebase-admin has one code for that and for a bad token, so its text tells. */
function isOutage(error: unknown): boolean {
  return error instanceof Error && /Error while making request|Error fetching public keys/i.test(error.message);
}

function unavailable(cause: unknown): BoomerangError {
  const message = "The Firebase ID token cannot be checked just now. Try again in a moment.";
  const headers = { "Retry-After": "5" };
  return new BoomerangError("unavailable", message, { status: 503, retryable: true, headers, cause });
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
