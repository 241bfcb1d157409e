import { setTimeout as sleep } from "node:timers/promises";
import { runSchedule } from "../../stack/schedule.ts";
import { finishedJob, sendCallbackAgain } from "../picture-jobs.ts";
import { chapter, check, conclude, tell } from "../story.ts";
import { listenToTask } from "../watch.ts";
import type { World } from "../world.ts";

/** Long enough for the call to go out on a slow machine, short enough to wait for. */
const TIMEOUT_SECONDS = 3;

/** A service that never reports, and then does. */
export async function tooLate(world: World): Promise<void> {
  chapter("A service falls silent, and wakes up too late");
  const { body } = await world.api("POST", "/tasks", {
    service: "picture",
    prompt: "A forest under the aurora",
    parameters: { mode: "silent", stageSeconds: 0 },
    timeout_seconds: TIMEOUT_SECONDS,
  });
  const id = String(body.id);
  const open = await listenToTask(world, id, "the service acknowledges", ({ status }) => status !== "pending");
  check(open.status === "initiated", `The service has taken the task, and has ${TIMEOUT_SECONDS} s`, open.status);
  const job = await finishedJob(world, id);
  tell("It paints the picture, and tells nobody. The time runs out …");
  await sleep(Math.max(0, open.expiresAt - Date.now() + 1));
  await runSchedule(new Date());
  const expired = await listenToTask(world, id, "the task expires", ({ status }) => status !== "initiated");
  check(expired.status === "expired", `The scheduled function gives it up: "${expired.error}"`, expired.status);

  tell("Now the service's callback arrives after all.");
  const late = await sendCallbackAgain(world, job);
  check(late.status === 410, "It is answered with 410, gone", late);
  const kept = await listenToTask(world, id, "the late callback is kept", ({ lateCallback }) => lateCallback !== null);
  check(
    kept.status === "expired" && kept.lateCallback?.resultUrl !== null,
    "The task stays expired, and the whole callback is kept (lateCallback)",
    kept.lateCallback,
  );

  const resolved = await world.api("POST", `/tasks/${id}/resolve`, { from: "late_callback" });
  check(
    resolved.body.status === "completed",
    "The operator looks at it and accepts it: the task is completed after all",
    resolved,
  );
  conclude("expired; the late callback: 410, kept, accepted by the operator");
}
