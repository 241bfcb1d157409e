import { setTimeout as sleep } from "node:timers/promises";
import type { Fleet } from "./fleet.ts";

/** Production sweeps every ten minutes, and its tasks get minutes; here they get seconds. */
const everyMs = 1_500;

/** Stands in for Cloud Scheduler: runs the scheduled function again and again until `signal`. One that fails is not repeated. */
export async function keepSweeping(fleet: Fleet, signal: AbortSignal): Promise<{ done: number; failed: number }> {
  const figures = { done: 0, failed: 0 };
  while (!signal.aborted) {
    const headers = { "x-cloudscheduler": "true", "x-cloudscheduler-scheduletime": new Date().toISOString() };
    const request = { method: "POST", path: "/", headers, body: Buffer.alloc(0) };
    const answer = await fleet.call("expirePendingWebhooks", request).catch(() => undefined);
    if (answer !== undefined && answer.status < 300) figures.done += 1;
    else figures.failed += 1;
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return figures;
}
