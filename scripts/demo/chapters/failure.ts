import { chapter, check, conclude } from "../story.ts";
import { listenToTask } from "../watch.ts";
import type { World } from "../world.ts";

/** The service cannot do the work and says why; whoever asked learns it in its own words. */
export async function failure(world: World): Promise<void> {
  chapter("A service that cannot do it");
  const order = {
    service: "picture",
    prompt: "A desert at noon",
    parameters: { mode: "error", stageSeconds: 0 },
    user_id: "ada",
  };
  const { body } = await world.api("POST", "/tasks", order);
  const id = String(body.id);
  await listenToTask(world, id, "the task fails", ({ status }) => status !== "pending" && status !== "initiated");
  const task = await world.api("GET", `/tasks/${id}`);
  const error = String(task.body.error);
  check(
    task.body.status === "failed" && error.includes("The paint ran out"),
    `The task has failed, in the service's words: "${error}"`,
    task,
  );
  conclude("failed, with the service's own text");
}
