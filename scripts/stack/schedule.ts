// The emulator never fires a scheduled function by itself: this does, by the clock, as Cloud Scheduler would.
import { FriendlyError } from "./friendly-error.ts";
import { functionsUrl, projectId } from "./layout.ts";

const scheduled = "expirePendingWebhooks";
const everyMs = 10 * 60_000;

const triggerUrl = (key: string): string => `${functionsUrl}/functions/projects/${projectId}/triggers/${key}`;

/** The emulator's own name of the function: `{region}-{function}`, with `-{generation}` after a reload. */
async function triggerKey(): Promise<string> {
  const unknown = await fetch(triggerUrl("list"), { method: "POST" });
  const listed = (await unknown.text()).split("valid functions are: ")[1]?.split(", ") ?? [];
  const key = listed.findLast((name) => new RegExp(`-${scheduled}(-\\d+)?$`).test(name));
  if (key) return key;
  throw new FriendlyError(`The Functions emulator has no ${scheduled} among ${listed.join(", ") || "its functions"}.`);
}

/** Runs the scheduled function once, as if its time were `now`. @throws FriendlyError when it fails. */
export async function runSchedule(now: Date): Promise<void> {
  const answer = await fetch(triggerUrl(await triggerKey()), {
    method: "POST",
    headers: { "X-CloudScheduler": "true", "X-CloudScheduler-ScheduleTime": now.toISOString() },
  });
  if (answer.ok) return;
  throw new FriendlyError(`${scheduled} failed with status ${answer.status}: ${(await answer.text()).slice(0, 1000)}`);
}

/**
 * Runs the scheduled function whenever the clock's minutes are a multiple of ten.
 * @param onError hears of a run that failed; the next one comes all the same.
 * @returns a function that ends it.
 */
export function tickSchedule(onError: (error: unknown) => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(tick, everyMs - (Date.now() % everyMs));
  };
  const tick = (): void => {
    runSchedule(new Date()).catch(onError);
    wait();
  };
  wait();
  return () => clearTimeout(timer);
}
