import { type DocumentSnapshot, type Firestore, Timestamp } from "firebase-admin/firestore";
import { fromStorable } from "../domain/storable.ts";
import { createReadCache } from "../platform/read-cache.ts";

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

/** What a document that somebody wrote by hand may leave out. */
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

export function servicesIn(db: Firestore) {
  return db.collection("services");
}

/** The service that a document holds; undefined where there is none. */
export function readService(snapshot: DocumentSnapshot): Service | undefined {
  const data = snapshot.data();
  if (data === undefined) return undefined;
  const stored = {
    ...presets,
    ...data,
    createdAt: data.createdAt instanceof Timestamp ? data.createdAt : snapshot.createTime,
    updatedAt: data.updatedAt instanceof Timestamp ? data.updatedAt : snapshot.updateTime,
  };
  return { ...stored, params: fromStorable(stored.params), name: snapshot.id } as Service;
}

/** A changed service counts within this time on every instance. */
const cacheMs = 10_000;

/** Reads services through a small cache, since nearly every submission asks for the same few. */
export interface Services {
  find(name: string): Promise<Service | undefined>;
  /** It was changed here: on this instance that counts at once. */
  forget(name: string): void;
}

/** `now` is in milliseconds. */
export function createServices(db: Firestore, now: () => number): Services {
  const cache = createReadCache<Service | undefined>(now, cacheMs);
  return {
    async find(name) {
      const service = await cache.get(name, async () => readService(await servicesIn(db).doc(name).get()));
      // A new one counts at once, everywhere.
      if (service === undefined) cache.forget(name);
      return service;
    },
    forget: cache.forget,
  };
}
