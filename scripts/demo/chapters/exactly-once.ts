import { jobsFor, sendCallbackAgain } from "../picture-jobs.ts";
import { chapter, check, conclude, tell, UnexpectedTurn } from "../story.ts";
import { listenToTask } from "../watch.ts";
import type { World } from "../world.ts";

/** Services send callbacks twice, and strangers send them too. Neither changes anything. */
export async function exactlyOnce(world: World, correlationId: string): Promise<void> {
  chapter("The same callback again, and a forged one");
  const [job] = await jobsFor(world, correlationId);
  if (job === undefined) throw new UnexpectedTurn(`The picture service does not know ${correlationId}.`);

  tell("The service did not hear our answer, as happens on the internet, and sends its last callback again.");
  const again = await sendCallbackAgain(world, job);
  const answer: unknown = JSON.parse(again.answer ?? "null");
  const duplicate = answer !== null && typeof answer === "object" && "duplicate" in answer && answer.duplicate;
  check(again.status === 200 && duplicate === true, `It is thanked once more: 200 ${again.answer}`, again);

  tell("Somebody who has guessed the address, but not its token, reports a result of their own.");
  const forgery = new URL(job.request.callbackUrl);
  const token = forgery.searchParams.get("token") ?? "";
  forgery.searchParams.set("token", `${token.slice(0, -2)}${token.endsWith("AA") ? "BB" : "AA"}`);
  const response = await fetch(forgery, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ correlationId, status: "success", resultUrl: "https://evil.example/picture.png" }),
  });
  const problem = await response.text();
  check(response.status === 401, "They are turned away with 401, before anything is read from the database", {
    status: response.status,
    problem,
  });

  const task = await listenToTask(world, correlationId, "the task", () => true);
  const finals = task.history.filter(({ type }) => type === "task.completed").length;
  check(
    finals === 1 && task.resultUrl?.startsWith(world.pictureUrl) === true,
    "The task has still one final event, and its own result",
    task.history,
  );
  const notifications = await world.db
    .collection("users/ada/notifications")
    .where("correlationId", "==", correlationId)
    .get();
  check(notifications.size === 1, "ada has still one notification", notifications.size);
  conclude("a duplicate: 200 and no second event; a forgery: 401");
}
