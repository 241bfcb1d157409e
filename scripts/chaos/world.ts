import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { openFirestore } from "../../functions/src/platform/firestore.ts";
import { type FirestoreProcess, startFirestore } from "../stack/firestore-process.ts";
import { cacheFolder } from "../stack/layout.ts";
import { type Adversary, createAdversary } from "./adversary.ts";
import { type Application, createApplication } from "./application.ts";
import { type Courier, createCourier } from "./courier.ts";
import { type EventRelay, startEventRelay } from "./event-relay.ts";
import { addTrigger } from "./firestore.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { startGateway } from "./gateway.ts";
import { projectId } from "./names.ts";
import type { WriteLog } from "./run-log.ts";
import { type Service, startService } from "./service.ts";
import { type StagedWebhook, setStage } from "./stage.ts";
import { type Subscribers, startSubscribers } from "./subscribers.ts";
import { planTask, type TaskPlan } from "./task-plan.ts";
import { startTaskQueue, type TaskQueue } from "./task-queue.ts";

/** Everything that takes part in a run. */
export interface World {
  readonly seed: number;
  readonly plans: readonly TaskPlan[];
  readonly db: ReturnType<typeof openFirestore>;
  readonly adversary: Adversary;
  readonly firestore: FirestoreProcess;
  readonly fleet: Fleet;
  readonly courier: Courier;
  readonly relay: EventRelay;
  readonly queue: TaskQueue;
  readonly service: Service;
  readonly subscribers: Subscribers;
  readonly webhooks: readonly StagedWebhook[];
  readonly application: Application;
}

/** Settings that make everything that takes minutes in production take seconds. */
const hurry = { WEBHOOK_TIMEOUT: "2", WEBHOOK_MAX_RETRIES: "5", WEBHOOK_RETRY_DELAY: "0.2", TASK_TIMEOUT: "900" };

/** Starts everything, each on a free port of 127.0.0.1; does `work`; ends everything, whatever came of it. */
export async function withWorld<T>(
  { seed, tasks }: { readonly seed: number; readonly tasks: number },
  log: WriteLog,
  signal: AbortSignal,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const stops: (() => Promise<void>)[] = [];
  const started = <Part extends { readonly stop: () => Promise<void> }>(part: Part): Part => {
    stops.unshift(part.stop);
    return part;
  };
  try {
    const plans = Array.from({ length: tasks }, (_, n) => planTask(seed, n, tasks));
    const adversary = createAdversary(seed);
    let fleet: Fleet | undefined;
    const theFleet = () => {
      if (fleet === undefined) throw new Error("the functions are not up yet");
      return fleet;
    };
    const courier = createCourier(theFleet);
    const gateway = started(await startGateway(theFleet));
    const relay = started(await startEventRelay(courier, adversary));
    const queue = started(await startTaskQueue(courier, adversary));
    const subscribers = started(await startSubscribers(seed));
    const planOf = (n: number) => {
      const plan = plans[n];
      if (plan === undefined) throw new Error(`there is no task ${n}`);
      return plan;
    };
    const print = (text: string) => log("firestore", text);
    const firestore = started(await startFirestore(print, { eventsTo: relay.address, signal }));
    await addTrigger(firestore, projectId, "startTask", "created", "tasks/{taskId}");
    await addTrigger(firestore, projectId, "onPendingWebhook", "written", "pendingWebhooks/{correlationId}");
    await addTrigger(firestore, projectId, "onEvent", "created", "events/{eventId}");

    const secret = randomBytes(48).toString("base64url");
    const common = {
      GCLOUD_PROJECT: projectId,
      GOOGLE_CLOUD_PROJECT: projectId,
      FIRESTORE_EMULATOR_HOST: firestore.address,
      METADATA_SERVER_DETECTION: "none",
    };
    fleet = started(
      await startFleet(
        {
          ...common,
          ...hurry,
          NODE_ENV: "production",
          FUNCTIONS_EMULATOR: "true",
          FIREBASE_CONFIG: JSON.stringify({ projectId }),
          CLOUD_TASKS_EMULATOR_HOST: queue.address,
          CALLBACK_BASE_URL: gateway.url,
          BOOMERANG_SECRET: secret,
          NODE_COMPILE_CACHE: join(cacheFolder, "compile-cache"),
        },
        adversary,
        log,
      ),
    );
    Object.assign(process.env, common);
    const db = openFirestore();
    const ended = async (id: string) => {
      // Where the database does not answer, nobody knows, and asks again.
      const found = await db
        .doc(`pendingWebhooks/${id}`)
        .get()
        .catch(() => undefined);
      return found !== undefined && found.get("status") !== "pending" && found.get("status") !== "initiated";
    };
    const service = started(await startService(planOf, ended));
    stops.unshift(() => db.terminate());
    const serviceUrl = service.url;
    const webhooks = await setStage(db, { seed, plans, apiUrl: gateway.url, serviceUrl }, subscribers, secret);
    const application = createApplication({
      seed,
      db,
      apiUrl: gateway.url,
      serviceUrl,
      subscribersUrl: subscribers.url,
    });
    const parts = {
      db,
      adversary,
      firestore,
      fleet,
      courier,
      relay,
      queue,
      service,
      subscribers,
      webhooks,
      application,
    };
    return await work({ seed, plans, ...parts });
  } finally {
    for (const stop of stops) await stop();
  }
}
