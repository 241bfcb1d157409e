import type { Firestore } from "firebase-admin/firestore";
import { v4 } from "uuid";
import { type Config, readConfig } from "./config.ts";
import { type Keys, parseKeys } from "./domain/keys.ts";
import { type ApiKeys, createApiKeys } from "./http/api-keys.ts";
import { createFiles, type Files } from "./platform/files.ts";
import { openFirestore } from "./platform/firestore.ts";
import { cloudLog, type Log } from "./platform/log.ts";
import { createOutboundHttp, type SendOutbound } from "./platform/outbound-http.ts";
import { createQueue, type Enqueue } from "./platform/queue.ts";
import { createServices, type Services } from "./tasks/services.ts";
import { createFindWebhooks, type FindWebhooks } from "./webhooks/webhook.ts";

/** What the handlers work with. One object, so that a test replaces a part and leaves the rest real. */
export interface Deps {
  readonly config: Config;
  readonly db: Firestore;
  readonly enqueue: Enqueue;
  readonly send: SendOutbound;
  readonly files: Files;
  readonly keys: Keys;
  readonly apiKeys: ApiKeys;
  readonly services: Services;
  readonly webhooks: FindWebhooks;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A random UUID. */
  readonly newId: () => string;
  readonly log: Log;
}

/** The real ones, from the environment. Throws where the configuration is wrong. */
export function createDeps(env: NodeJS.ProcessEnv): Deps {
  const config = readConfig(env);
  const db = openFirestore();
  const now = Date.now;
  return {
    config,
    db,
    enqueue: createQueue(config.region),
    send: createOutboundHttp({ allowInsecure: config.emulator, allowedHosts: config.allowedHosts }),
    files: createFiles(config.storageBucket),
    keys: parseKeys(env.BOOMERANG_SECRET),
    apiKeys: createApiKeys({ db, now, log: cloudLog }),
    services: createServices(db, now),
    webhooks: createFindWebhooks(db, now),
    now,
    newId: () => v4(),
    log: cloudLog,
  };
}

let shared: Deps | undefined;

/** The instance's own, made at its first request, when secrets are there to be read. */
export function deps(): Deps {
  shared ??= createDeps(process.env);
  return shared;
}
