import type { Firestore } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { digestOf } from "../domain/canonical-json.ts";
import { BoomerangError } from "../domain/errors.ts";
import { isTooDeep, toStorable } from "../domain/storable.ts";
import { invalidFields } from "../domain/validation.ts";
import { alreadyExists, hasCode, timestamp } from "../platform/firestore.ts";
import type { ApplicationEvent } from "./outgoing-event.ts";

export interface NewEvent {
  readonly id: string;
  readonly ownerId: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Stores an event of the application: one write, from which the trigger derives its deliveries. The same id with the same
 * content is the same event. Throws `idempotency_key_reused` (409) where another one came before.
 */
export async function publishEvent(deps: Deps, event: NewEvent): Promise<ApplicationEvent> {
  if (isTooDeep(event.payload)) throw invalidFields([{ field: "payload", message: "is nested too deeply" }]);
  const stored = eventDocument(deps, event);
  const ref = events(deps.db).doc(event.id);
  try {
    await ref.create(stored);
    return stored;
  } catch (error) {
    if (!hasCode(error, alreadyExists)) throw error;
  }
  const before = (await ref.get()).data() as ApplicationEvent;
  if (before.requestDigest === stored.requestDigest) return before;
  const message = "This Idempotency-Key was used for another event. Use a new key for a new event.";
  throw new BoomerangError("idempotency_key_reused", message, { status: 409 });
}

export function events(db: Firestore) {
  return db.collection("events");
}

/** The event as it is stored. `except` is the webhook that does not hear of it, as it is about that one. */
export function eventDocument(deps: Deps, event: NewEvent, except: string | null = null): ApplicationEvent {
  const now = deps.now();
  return {
    id: event.id,
    ownerId: event.ownerId,
    type: event.type,
    payload: toStorable(event.payload),
    except,
    requestDigest: digestOf({ type: event.type, payload: event.payload }),
    createdAt: timestamp(now),
    purgeAt: timestamp(now + deps.config.historyRetentionMs),
  };
}
