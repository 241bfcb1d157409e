import { randomBytes, randomUUID } from "node:crypto";
import { initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { readConfig } from "../../src/config.ts";
import type { Deps } from "../../src/deps.ts";
import { parseKeys } from "../../src/domain/keys.ts";
import type { KeepJson } from "../../src/platform/files.ts";
import type { Log } from "../../src/platform/log.ts";
import { createOutboundHttp } from "../../src/platform/outbound-http.ts";
import type { QueuedTask } from "../../src/platform/queue.ts";
import { createServices } from "../../src/tasks/services.ts";
import { createFindWebhooks } from "../../src/webhooks/webhook.ts";

/** Deps on the real Firestore emulator, with a clock and a queue that the test holds in its hands. */
export interface TestDeps extends Deps {
  /** What was put into the queue, oldest first; a name is kept once, as Cloud Tasks does. */
  readonly queued: QueuedTask[];
  /** What was logged. */
  readonly logged: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[];
  /** What was kept as a file: path and text. */
  readonly files: Map<string, string>;
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
  const files = new Map<string, string>();
  const config = readConfig({ FUNCTIONS_EMULATOR: "true", GCLOUD_PROJECT: "demo-test", ...env });
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      logged.push({ level, message, fields });
    };
  const log: Log = { info: write("info"), warn: write("warn"), error: write("error") };
  const keepJson: KeepJson = async (folder, json) => {
    const path = `${folder}/${json.length}.json`;
    files.set(path, json);
    return { $storage: { bucket: "test", path, bytes: json.length, sha256: "", contentType: "application/json" } };
  };
  return {
    config,
    db,
    enqueue: async (task) => {
      if (!queued.some(({ id }) => id === task.id)) queued.push(task);
    },
    send: createOutboundHttp({ allowInsecure: true, allowedHosts: config.allowedHosts }),
    keepJson,
    keys: parseKeys(newSecret()),
    findService: createServices(db, now),
    webhooks: createFindWebhooks(db, now),
    now,
    newId: () => randomUUID(),
    log,
    ...parts,
    queued,
    logged,
    files,
    advance: (ms) => {
      ahead += ms;
    },
  };
}
