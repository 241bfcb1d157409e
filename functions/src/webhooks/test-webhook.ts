import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import type { OutgoingEvent } from "../formats/format.ts";
import { formatOf } from "../formats/index.ts";
import { eventSource } from "./outgoing-event.ts";
import type { SentDelivery } from "./send-delivery.ts";
import { sendDelivery } from "./send-delivery.ts";
import type { Webhook } from "./webhook.ts";

/** The answer must leave before the function that makes the test runs out of its own 60 s. */
const maxTimeoutSeconds = 50;
const kinds = ["started", "progress", "completed", "failed", "cancelled"] as const;

/**
 * One signed attempt with sample data, now. It is no event: nothing is stored, retried or counted. Sample data of a task's event is
 * its result. Throws `no_such_shape` (422) where the webhook's format has none for that event.
 */
export async function testWebhook(
  deps: Deps,
  webhook: Webhook,
  type: string,
  sample: Readonly<Record<string, unknown>>,
): Promise<SentDelivery> {
  const now = deps.now();
  const id = `evt_test_${deps.newId()}`;
  const event = sampleEvent(id, type, sample, now, eventSource(deps.config));
  const body = formatOf(webhook.format).render(event);
  if (body === undefined) {
    const message = `The format ${webhook.format} has no shape for ${type}, and never sends it.`;
    throw new BoomerangError("no_such_shape", message, { status: 422 });
  }
  const { url, ownerId, format } = webhook;
  return await sendDelivery(
    deps,
    { id: `dlv_test_${id}`, eventId: id, eventType: type, body, format, url, ownerId },
    { ...webhook, timeoutSeconds: Math.min(webhook.timeoutSeconds, maxTimeoutSeconds) },
  );
}

function sampleEvent(
  id: string,
  type: string,
  sample: Readonly<Record<string, unknown>>,
  now: number,
  source: string,
): OutgoingEvent {
  const kind = kinds.find((known) => type.endsWith(`.${known}`));
  if (kind === undefined) return { id, type, at: now, source, kind: "application", payload: sample };
  const over = kind === "completed" || kind === "failed" || kind === "cancelled";
  const facts = {
    id: "00000000-0000-4000-8000-000000000000",
    service: "test",
    projectId: null,
    userId: null,
    progress: kind === "completed" ? 1 : kind === "progress" ? 0.5 : null,
    message: "This is a test.",
    outcome: over ? kind : null,
    resultUrl: null,
    result: kind === "completed" ? sample : null,
    resultMetadata: null,
    error: kind === "failed" ? "This is a test." : null,
    errorCode: kind === "failed" ? "test" : null,
    metadata: sample,
    createdAt: now,
    completedAt: over ? now : null,
  };
  return { id, type, at: now, source, kind, task: facts };
}
