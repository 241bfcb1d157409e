import { randomBytes, randomUUID } from "node:crypto";
import { initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { readConfig } from "../../src/config.ts";
import type { Deps } from "../../src/deps.ts";
import { parseKeys } from "../../src/domain/keys.ts";
import { createApiKeys } from "../../src/http/api-keys.ts";
import type { Log } from "../../src/platform/log.ts";
import { createOutboundHttp } from "../../src/platform/outbound-http.ts";
import type { QueuedTask } from "../../src/platform/queue.ts";
import { createServices } from "../../src/tasks/services.ts";
import { createFindWebhooks } from "../../src/webhooks/webhook.ts";
import { memoryFiles } from "./memory-files.ts";

/** Deps on the real Firestore emulator, with a clock and a queue that the test holds in its hands. */
export interface TestDeps extends Deps {
  /** What was put into the queue, oldest first; a name is kept once, as Cloud Tasks does. */
  readonly queued: QueuedTask[];
  /** What was logged. */
  readonly logged: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[];
  /** What was kept as a file, where the files are not the real ones: path and text. */
  readonly kept: Map<string, string>;
  /** Sets the clock forward; by itself it stands still. */
  advance(ms: number): void;
}

/** 48 random bytes; the project's secret in a test. */
export function newSecret(): string {
  return randomBytes(48).toString("base64url");
}

/**
 * A Firestore project of the test's own on the emulator, which no trigger listens to: what one test file writes, no other
 * sees.
 */
export function newTestFirestore(): Firestore {
  const projectId = `demo-t-${randomUUID().slice(0, 13)}`;
  return getFirestore(initializeApp({ projectId }, projectId));
}

/** Real everything but the queue, the clock, the file store and the log. `parts` replaces what the test wants to. */
export function createTestDeps(db: Firestore, parts: Partial<Deps> = {}, env: Record<string, string> = {}): TestDeps {
  let ahead = 0;
  const startedAt = Date.now();
  const now = () => startedAt + ahead;
  const queued: QueuedTask[] = [];
  const logged: TestDeps["logged"] = [];
  const kept = new Map<string, string>();
  const config = readConfig({ FUNCTIONS_EMULATOR: "true", GCLOUD_PROJECT: "demo-test", ...env });
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      logged.push({ level, message, fields });
    };
  const log: Log = { info: write("info"), warn: write("warn"), error: write("error") };
  return {
    config,
    db,
    enqueue: async (task) => {
      if (!queued.some(({ id }) => id === task.id)) queued.push(task);
    },
    send: createOutboundHttp({ allowInsecure: true, allowedHosts: config.allowedHosts }),
    files: memoryFiles(kept),
    keys: parseKeys(newSecret()),
    apiKeys: createApiKeys({ db, now, log }),
    services: createServices(db, now),
    webhooks: createFindWebhooks(db, now),
    now,
    newId: () => randomUUID(),
    log,
    ...parts,
    queued,
    logged,
    kept,
    advance: (ms) => {
      ahead += ms;
    },
  };
}
