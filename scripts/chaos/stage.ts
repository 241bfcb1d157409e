import { createHash, randomBytes } from "node:crypto";
import { parseKeys } from "../../functions/src/domain/keys.ts";
import type { openFirestore } from "../../functions/src/platform/firestore.ts";
import { FriendlyError } from "../stack/friendly-error.ts";
import { callbackEndpoint, ownerId, ownerKey, webhookEndpoint } from "./names.ts";
import type { Subscribers, Temper } from "./subscribers.ts";
import { heartbeatSeconds, ownersOf, shortTimeoutSeconds, type TaskPlan } from "./task-plan.ts";

/** A webhook of a run. */
export interface StagedWebhook {
  readonly id: string;
  readonly owner: number;
  readonly endpoint: string;
  readonly temper: Temper;
  readonly format: string;
  readonly events: readonly string[];
}

interface WebhookPlan {
  readonly name: string;
  readonly temper: Temper;
  readonly format: string;
  readonly events: readonly string[];
  readonly retryCount: number;
}

const webhookPlans: readonly WebhookPlan[] = [
  { name: "steady", temper: "steady", format: "standard", events: ["*"], retryCount: 3 },
  { name: "flapping", temper: "flapping", format: "taskflow", events: ["*"], retryCount: 6 },
  { name: "choosy", temper: "flapping", format: "predict", events: ["task.completed", "task.failed"], retryCount: 6 },
  { name: "dead", temper: "dead", format: "task-service", events: ["task.*"], retryCount: 1 },
];
/** One owner has a subscriber that is gone, of which its others hear. */
const gone: WebhookPlan = { name: "gone", temper: "gone", format: "cloudevents", events: ["*"], retryCount: 3 };

/** Sets the stage before anything goes wrong: services, keys, subscribers. */
export async function setStage(
  db: ReturnType<typeof openFirestore>,
  { seed, plans, apiUrl, serviceUrl }: { seed: number; plans: readonly TaskPlan[]; apiUrl: string; serviceUrl: string },
  subscribers: Subscribers,
  secret: string,
): Promise<readonly StagedWebhook[]> {
  const createdAt = new Date();
  const service = { provider: "generic", url: serviceUrl, mode: "callback", createdAt, updatedAt: createdAt };
  await db.doc("services/patient").set({ ...service, name: "patient" });
  await db.doc("services/hasty").set({ ...service, name: "hasty", timeoutSeconds: shortTimeoutSeconds });
  await db.doc("services/pulsing").set({ ...service, name: "pulsing", heartbeatSeconds });
  await db.doc("services/sync").set({ ...service, name: "sync", mode: "sync" });

  const keys = parseKeys(secret);
  for (const { n, owner } of plans)
    subscribers.expect(callbackEndpoint(n), "flapping", keys.ownerSecrets(ownerId(owner)));
  const staged: StagedWebhook[] = [];
  for (let owner = 0; owner < ownersOf(plans.length); owner += 1) {
    const key = ownerKey(seed, owner);
    const hash = createHash("sha256").update(key).digest("hex");
    const scopes = ["tasks:read", "tasks:write", "webhooks"];
    await db.doc(`apiKeys/${hash}`).set({ ownerId: ownerId(owner), name: "chaos", scopes, createdAt });
    for (const plan of [...webhookPlans, ...(owner === 0 ? [gone] : [])]) {
      const endpoint = webhookEndpoint(owner, plan.name);
      const whsec = `whsec_${randomBytes(32).toString("base64")}`;
      const id = await subscribe(apiUrl, key, `${subscribers.url}${endpoint}`, whsec, plan);
      subscribers.expect(endpoint, plan.temper, [whsec]);
      staged.push({ id, owner, endpoint, temper: plan.temper, format: plan.format, events: plan.events });
    }
  }
  return staged;
}

async function subscribe(apiUrl: string, key: string, url: string, secret: string, plan: WebhookPlan): Promise<string> {
  const { name, format, events, retryCount } = plan;
  const response = await fetch(`${apiUrl}/api/v1/webhooks`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: JSON.stringify({ name, url, events, format, secret_token: secret, retry_count: retryCount }),
  });
  const answer = (await response.json()) as { id?: unknown };
  if (response.status === 201) return String(answer.id);
  throw new FriendlyError(`The webhook ${name} was refused with ${response.status}: ${JSON.stringify(answer)}`);
}
