import type { ReceivedRequest } from "../../../examples/receiver/receiver.ts";
import { registerService } from "../register-service.ts";
import { chapter, check, conclude, tell } from "../story.ts";
import { listenToTask } from "../watch.ts";
import type { World } from "../world.ts";

/** A service that is down for a moment, checks signatures, and answers with its result instead of calling back. */
export async function signedAndRetried(world: World): Promise<void> {
  chapter("A service that is busy, and trusts only signed calls");
  await registerService(world, "inspector", {
    url: `${world.receiverUrl}/retry-after/1`,
    mode: "sync",
    secret: world.receiverSecret,
  });
  tell(`The service "inspector" answers in the same request (mode "sync"), and has a secret: ${world.receiverUrl}.`);
  const { body } = await world.api("POST", "/tasks", { service: "inspector", prompt: "Look at this" });
  let calls = 0;
  const isOver = ({ status }: { status: string }) => status !== "pending" && status !== "initiated";
  const task = await listenToTask(world, String(body.id), "the inspector's task ends", isOver, ({ attempts }) => {
    for (const { number, statusCode } of attempts.slice(calls)) {
      tell(
        statusCode === 503
          ? `Call ${number} is answered with 503, "Retry-After: 1". Boomerang waits that long.`
          : `Call ${number} is answered with ${statusCode}.`,
      );
    }
    calls = attempts.length;
  });
  check(task.status === "completed" && task.attempts.length === 2, "The second call brought the result", task);

  const received = (await (await fetch(`${world.receiverUrl}/received.json`)).json()) as ReceivedRequest[];
  const here = received.filter(({ headers }) => headers["idempotency-key"] === task.correlationId);
  const verified = here.length === 2 && here.every((request) => request.verified === true);
  check(verified, "The service has verified both calls with the public standardwebhooks package", here);
  check(
    here.every(({ headers }) => headers["webhook-id"] === task.correlationId),
    "Both carried the same webhook-id, so it can tell a repetition from a new order",
    here,
  );
  conclude("503, then 200; both calls verified by the receiver");
}
