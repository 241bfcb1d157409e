import type { TaskStatus } from "../../src/domain/task-state.ts";
import { cancelTask } from "../../src/tasks/cancel.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import type { TaskRequest } from "../../src/tasks/task-request.ts";
import { callBack } from "./callbacks.ts";
import { dispatched, queuedTask } from "./dispatching.ts";
import type { TestDeps } from "./test-deps.ts";

export const resultUrl = "https://cdn.example.com/a.mp4";

/** A task of that status, come to by the way that leads there; `url` is a service that takes it. */
export async function taskOf(
  deps: TestDeps,
  url: string,
  status: TaskStatus,
  parts: Partial<TaskRequest> = {},
): Promise<string> {
  if (status === "pending") return await queuedTask(deps, url, parts);
  const { correlationId: id, expiresAt, ownerId } = await dispatched(deps, url, parts);
  if (status === "completed") await callBack(deps, id, { status: "success", resultUrl });
  if (status === "failed") await callBack(deps, id, { status: "error", error: "out of memory" });
  if (status === "cancelled") await cancelTask(deps, { ownerId, admin: false }, id);
  if (status === "expired") {
    deps.advance(Math.max(0, expiresAt - deps.now()));
    await expirePendingWebhooks(deps, deps.now() + 60_000);
  }
  return id;
}
