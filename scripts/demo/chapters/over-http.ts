import { randomUUID } from "node:crypto";
import { finishedJob } from "../picture-jobs.ts";
import { chapter, check, conclude, tell } from "../story.ts";
import { listenToTask } from "../watch.ts";
import type { World } from "../world.ts";

/** The same over HTTP, with an Idempotency-Key that makes asking twice harmless. */
export async function overHttp(world: World): Promise<void> {
  chapter("A task over HTTP, asked for twice");
  const order = {
    webhook_url: `${world.pictureUrl}/pictures`,
    prompt: "A city by night, as a detective sees it",
    parameters: { stageSeconds: 0.2 },
    metadata: { case: 17 },
    project_id: "detective-series",
  };
  const key = { "Idempotency-Key": randomUUID() };
  const first = await world.api("POST", "/tasks", order, key);
  const id = String(first.body.id);
  check(
    first.status === 202 && first.body.status === "pending",
    `POST /api/v1/tasks is answered with 202, id ${id}`,
    first,
  );
  tell("The client's connection breaks, so it asks again with the same Idempotency-Key.");
  const second = await world.api("POST", "/tasks", order, key);
  check(second.status === 202 && second.body.id === id, "It gets the same task", second);
  const other = await world.api("POST", "/tasks", { ...order, prompt: "Something else" }, key);
  check(other.status === 409, "Another request under the used key is refused with 409", other);

  await listenToTask(world, id, "the task ends", ({ status }) => status === "completed" || status === "failed");
  const task = await world.api("GET", `/tasks/${id}`);
  const url = task.body.result_url;
  check(task.body.status === "completed", `GET /api/v1/tasks/… says completed, and where the result is: ${url}`, task);
  await finishedJob(world, id);
  check(true, "The service was called once");
  conclude("one id, one call, one result; another body under the key: 409");
}
