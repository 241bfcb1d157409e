import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ReceivedRequest } from "../../../examples/receiver/receiver.ts";
import { chapter, check, conclude, tell } from "../story.ts";
import { askUntil } from "../watch.ts";
import type { World } from "../world.ts";

const EVENTS = ["task.started", "task.completed"];
/** For as long every instance may publish by what it knew of the owner's webhooks before. */
const COUNTS_AFTER_MS = 5_000;

/** A subscriber hears of a task, signed; it is down for a moment, and hears of what it missed again. */
export async function subscribers(world: World): Promise<void> {
  chapter("A subscriber hears of it, although it was down for a moment");
  const url = `${world.receiverUrl}/status/503?times=2&subscriber=${randomUUID()}`;
  const webhook = await world.api("POST", "/webhooks", {
    name: `Gallery ${randomUUID()}`,
    url,
    events: EVENTS,
    secret_token: world.receiverSecret,
    // Its second attempt comes after 2 s; that of Standard Webhooks' own schedule would after 5.
    format: "taskflow",
  });
  check(webhook.status === 201, `POST /api/v1/webhooks: a gallery subscribes to ${EVENTS.join(" and ")}`, webhook);

  tell("A new webhook counts within 10 s. Meanwhile, a test: one signed request, with its outcome in the answer.");
  const counts = sleep(COUNTS_AFTER_MS);
  const test = await world.api("POST", `/webhooks/${webhook.body.id}/test`, { event_type: "task.completed" });
  const { delivered, status_code, error } = test.body;
  check(delivered === false && status_code === 503, `It says what is wrong: ${status_code}, "${error}"`, test);
  await counts;

  const order = { service: "picture", prompt: "A harbour in the evening", parameters: { stageSeconds: 0.2 } };
  const task = String((await world.api("POST", "/tasks", order)).body.id);
  tell("A picture is ordered, while the gallery is still down.");
  const deliveries = await askUntil("both events are delivered", async () => {
    const { body } = await world.api("GET", `/webhooks/${webhook.body.id}/deliveries?status=delivered`);
    const ours = (body.data as Delivery[]).filter(({ task_id }) => task_id === task);
    return ours.length === EVENTS.length ? ours : undefined;
  });
  for (const { event_type, attempts } of deliveries.toReversed()) {
    tell(`${event_type} was answered with ${attempts.map(({ status_code }) => status_code).join(", then ")}.`);
  }
  const retried = deliveries.find(({ attempts }) => attempts.length === 2);
  const [first, second] = retried?.attempts ?? [];
  check(
    first?.status_code === 503 && second?.status_code === 200,
    `What it missed came again ${seconds(first, second)} s later; both attempts are on record`,
    deliveries,
  );

  const response = await fetch(`${world.receiverUrl}/received.json`);
  const requests = ((await response.json()) as ReceivedRequest[]).filter(({ path }) => url.endsWith(path));
  const copies = requests.filter(({ headers }) => headers["webhook-id"] === retried?.event_id);
  check(
    copies.length === 2 && copies[0]?.rawBody === copies[1]?.rawBody,
    `Both times with the same bytes and the same webhook-id: ${retried?.event_id}`,
    copies,
  );
  check(
    requests.length === 4 && requests.every(({ verified }) => verified === true),
    "The gallery has verified all four requests with the public standardwebhooks package",
    requests,
  );
  conclude("503, then 200, with one id; every request verified by the receiver");
}

/** A delivery, as the API shows it. */
interface Delivery {
  readonly event_id: string;
  readonly event_type: string;
  readonly task_id: string;
  readonly attempts: readonly Attempt[];
}

interface Attempt {
  readonly at: string;
  readonly status_code: number | null;
}

function seconds(from: Attempt | undefined, to: Attempt | undefined): string {
  return ((Date.parse(to?.at ?? "") - Date.parse(from?.at ?? "")) / 1_000).toFixed(1);
}
