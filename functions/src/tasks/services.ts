import type { Firestore, Timestamp } from "firebase-admin/firestore";
import { fromStorable } from "../domain/storable.ts";

/** `services/{name}`: a registered external worker. */
export interface Service {
  readonly name: string;
  readonly provider: string;
  readonly url: string;
  /** Value of the Authorization header, encrypted. */
  readonly sealedAuth: string | null;
  /** Standard Webhooks secret that signs our calls, encrypted. */
  readonly sealedSecret: string | null;
  readonly mode: "callback" | "sync";
  /** Sent with every call, unless the request says otherwise. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number | null;
  readonly heartbeatSeconds: number | null;
  readonly eventPrefix: string;
  readonly maxRetries: number | null;
  readonly retryDelaySeconds: number | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/** A changed service counts within this time on every instance. */
const cacheMs = 10_000;
const maxCached = 500;

export type FindService = (name: string) => Promise<Service | undefined>;

/** Reads services through a small cache, since nearly every submission asks for the same few. `now` is in milliseconds. */
export function createServices(db: Firestore, now: () => number): FindService {
  const cache = new Map<string, { service: Service; until: number }>();
  return async (name) => {
    const hit = cache.get(name);
    if (hit !== undefined && hit.until > now()) return hit.service;
    const snapshot = await db.collection("services").doc(name).get();
    if (!snapshot.exists) return undefined;
    const stored = { ...presets, ...snapshot.data() };
    const service = { ...stored, params: fromStorable(stored.params), name } as Service;
    if (cache.size >= maxCached) cache.clear();
    cache.set(name, { service, until: now() + cacheMs });
    return service;
  };
}

const presets = {
  provider: "generic",
  sealedAuth: null,
  sealedSecret: null,
  mode: "callback",
  params: {},
  timeoutSeconds: null,
  heartbeatSeconds: null,
  eventPrefix: "task",
  maxRetries: null,
  retryDelaySeconds: null,
} as const satisfies Partial<Service>;
