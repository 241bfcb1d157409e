import { setTimeout as sleep } from "node:timers/promises";
import { type PendingWebhook, readPendingWebhook } from "../../functions/src/tasks/pending-webhook.ts";
import { UnexpectedTurn } from "./story.ts";
import type { World } from "./world.ts";

/** The first start of a function in the emulator takes a few seconds. */
const PATIENCE_MS = 40_000;
const POLL_MS = 100;

/** What of a Firestore query or document reference is needed to listen to it. */
interface Listenable<Snapshot> {
  onSnapshot(onNext: (snapshot: Snapshot) => void, onError: (error: Error) => void): () => void;
}

/**
 * Listens until `found` makes something of a snapshot, and returns that.
 * @param what says what is waited for, for the message when it does not come.
 */
export async function listenFor<Snapshot, Found>(
  source: Listenable<Snapshot>,
  what: string,
  found: (snapshot: Snapshot) => Found | undefined,
): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  const stop = source.onSnapshot((snapshot) => {
    try {
      const value = found(snapshot);
      if (value !== undefined) resolve(value);
    } catch (error) {
      reject(error);
    }
  }, reject);
  const timer = setTimeout(() => reject(tooLong(what)), PATIENCE_MS);
  return promise.finally(() => {
    clearTimeout(timer);
    stop();
  });
}

/** Listens to one task until `wanted` holds, and returns it as it is then. `onChange` hears of every state on the way. */
export async function listenToTask(
  { db }: World,
  correlationId: string,
  what: string,
  wanted: (task: PendingWebhook) => boolean,
  onChange?: (task: PendingWebhook) => void,
): Promise<PendingWebhook> {
  return listenFor(db.doc(`pendingWebhooks/${correlationId}`), what, (snapshot) => {
    const data = snapshot.data();
    if (data === undefined) return undefined;
    const task = readPendingWebhook(data);
    onChange?.(task);
    return wanted(task) ? task : undefined;
  });
}

/** Asks again and again until there is an answer other than undefined. */
export async function askUntil<Answer>(what: string, ask: () => Promise<Answer | undefined>): Promise<Answer> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(POLL_MS);
  }
  throw tooLong(what);
}

function tooLong(what: string): UnexpectedTurn {
  return new UnexpectedTurn(`Waited ${PATIENCE_MS / 1000} s in vain for this: ${what}.`);
}
