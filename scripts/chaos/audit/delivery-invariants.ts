import type { Delivery } from "../../../functions/src/webhooks/delivery.ts";
import { deliverySubject } from "../names.ts";
import type { Receipt } from "../subscribers.ts";
import type { Evidence, Found } from "./evidence.ts";
import { type ExpectedDelivery, expectedDeliveries, isHealthy } from "./expected-delivery.ts";
import { beyond, type Invariant, repeated } from "./invariant.ts";

/** Retries of the webhook that always fails, and the first attempt. */
const deadAfter = 2;

/** Of what subscribers hear. */
export const deliveryInvariants: readonly Invariant[] = [
  {
    name: "Every event reached every healthy subscriber at least once, under its id",
    check: (evidence) => {
      const taken = new Set(evidence.receipts.filter(isTaken).map(keyOf));
      return expectedDeliveries(evidence)
        .filter((expected) => isHealthy(expected) && !taken.has(keyOf(expected)))
        .map(({ endpoint, eventId }) => `${endpoint} never took ${eventId}`);
    },
  },
  {
    name: "Subscribers hear of nothing that did not happen, and every signature is right",
    check: (evidence) => {
      const expected = new Set(expectedDeliveries(evidence).map(keyOf));
      return evidence.receipts.flatMap((receipt) => [
        ...(expected.has(keyOf(receipt))
          ? []
          : [`${receipt.endpoint} got ${receipt.webhookId || "something"}, which is no event`]),
        ...(receipt.verified ? [] : [`${receipt.endpoint} got ${receipt.webhookId} with a wrong signature`]),
      ]);
    },
  },
  {
    name: "One event has one body, however often it is sent",
    check: ({ receipts }) =>
      [...byKey(receipts)].flatMap(([key, all]) => {
        const bodies = new Set(all.map(({ body }) => body)).size;
        return bodies === 1 ? [] : [`${key}: ${bodies} different bodies`];
      }),
  },
  {
    name: "Every delivery is on record once, is over, and agrees with what the subscriber saw",
    check: (evidence) => {
      const receipts = byKey(evidence.receipts);
      const all = expectedDeliveries(evidence);
      const records = new Map<string, Found<Delivery>[]>();
      for (const found of evidence.deliveries) {
        const { eventId, webhookId, taskId } = found.data;
        const key = `${eventId} ${webhookId ?? taskId}`;
        records.set(key, [...(records.get(key) ?? []), found]);
      }
      const wrong = all.flatMap((expected) => {
        const found = records.get(recordKey(evidence, expected)) ?? [];
        return disagreements(expected, found, receipts.get(keyOf(expected)) ?? []).map(
          (what) => `${keyOf(expected)}: ${what}`,
        );
      });
      const known = new Set(all.map((expected) => recordKey(evidence, expected)));
      const extra = [...records]
        .filter(([key]) => !known.has(key))
        .map(([key]) => `a delivery of ${key} that nobody asked for`);
      return [...wrong, ...extra];
    },
  },
  {
    name: "No delivery is made again once it is on record",
    check: (evidence) => {
      const receipts = byKey(evidence.receipts);
      return expectedDeliveries(evidence).flatMap((expected) => {
        const all = receipts.get(keyOf(expected)) ?? [];
        const sent = all.length;
        // One that broke off on a used connection is sent once more at once, on a new one.
        let allowed = all.filter(({ answered }) => answered === null).length;
        for (let attempt = 1; attempt <= sent + 1; attempt += 1) {
          allowed += evidence.honestAttempts(orderOf(expected, attempt));
        }
        return sent <= allowed ? [] : [`${keyOf(expected)}: sent ${sent} times for ${allowed} orders`];
      });
    },
  },
  {
    name: "A webhook that is gone is disabled, with one event; every other one stays enabled",
    check: ({ staged, webhooks, events, receipts }) =>
      staged.flatMap(({ id, endpoint, temper }) => {
        const { isActive } = webhooks.find((webhook) => webhook.id === id)?.data ?? {};
        const told = events.filter(({ data }) => data.type === "webhook.disabled" && data.except === id).length;
        const gone = temper === "gone" && receipts.some((receipt) => receipt.endpoint === endpoint);
        return isActive === !gone && told === (gone ? 1 : 0) ? [] : [`${endpoint}: active ${isActive}, ${told} events`];
      }),
  },
  {
    name: "What the application published is stored once",
    check: ({ application, events }) => {
      const ids = new Map(application.published.map(({ key, id }) => [key, id]));
      const moved = application.published
        .filter(({ key, id }) => ids.get(key) !== id)
        .map(({ key }) => `${key} has two ids`);
      const stored = events.filter(({ data }) => data.type !== "webhook.disabled").map(({ id }) => id);
      const missing = beyond([...ids.values()], stored).map((id) => `${id} is missing`);
      return [...moved, ...missing, ...beyond(stored, [...ids.values()]).map((id) => `${id} was never published`)];
    },
  },
];

const keyOf = (of: { endpoint: string } & ({ eventId: string } | { webhookId: string; body: string })): string =>
  `${"eventId" in of ? of.eventId : of.webhookId} to ${of.endpoint}`;
const isTaken = ({ answered }: Receipt): boolean => answered === 200;

function byKey(receipts: readonly Receipt[]): Map<string, Receipt[]> {
  const all = new Map<string, Receipt[]>();
  for (const receipt of receipts) all.set(keyOf(receipt), [...(all.get(keyOf(receipt)) ?? []), receipt]);
  return all;
}

/** A callback URL's deliveries are told apart by their task. */
function recordKey({ files }: Evidence, { eventId, webhookId, endpoint }: ExpectedDelivery): string {
  const ofTask = files.find(({ plan }) => endpoint === `/callback/${plan.n}`)?.id;
  return `${eventId} ${webhookId ?? ofTask}`;
}

function orderOf({ eventId, webhookId }: ExpectedDelivery, attempt: number): string {
  return deliverySubject(eventId, webhookId, attempt);
}

function disagreements(
  expected: ExpectedDelivery,
  found: readonly Found<Delivery>[],
  seen: readonly Receipt[],
): string[] {
  const [record] = found;
  if (record === undefined || found.length > 1) return [`${found.length} documents`];
  const { status, attempts, body, nextAttemptAt, completedAt, sweepAt } = record.data;
  const recorded = attempts.map(({ statusCode }) => statusCode).filter((code) => code !== null);
  const unseen = beyond(
    recorded,
    seen.map(({ answered }) => answered),
  );
  const successes = attempts.filter(({ error }) => error === null);
  const last = attempts.at(-1);
  const claims: readonly (readonly [boolean, string])[] = [
    [status === (isHealthy(expected) ? "delivered" : "dead"), `is ${status}`],
    [attempts.every(({ number }, index) => number === index + 1), "its attempts are not numbered 1, 2, 3 …"],
    [successes.length === (status === "delivered" ? 1 : 0), `${successes.length} attempts were a success`],
    [status !== "delivered" || last?.error === null, "went on after its success"],
    [unseen.length === 0, `records answers that the subscriber did not give: ${unseen.join(", ")}`],
    [status !== "delivered" || seen.some(isTaken), "is delivered, but the subscriber never took it"],
    [seen.every((receipt) => receipt.body === body), "the subscriber got other bytes than are on record"],
    [nextAttemptAt === null && completedAt !== null && sweepAt === undefined, "is over, but waits for an attempt"],
    [expected.temper !== "dead" || attempts.length === deadAfter, `died after ${attempts.length} attempts`],
    [repeated(attempts.map(({ number }) => String(number))).length === 0, "has two attempts under one number"],
  ];
  return claims.filter(([holds]) => !holds).map(([, what]) => what);
}
