import { createHash, randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import sharp from "sharp";
import type { PendingWebhook } from "../../../functions/src/tasks/pending-webhook.ts";
import { root } from "../../stack/layout.ts";
import { registerService } from "../register-service.ts";
import { chapter, check, conclude, tell } from "../story.ts";
import { listenFor, listenToTask } from "../watch.ts";
import type { World } from "../world.ts";

const PROMPT = "A quiet mountain lake at dawn";

/** An app asks for slow work by writing a document, and everything else comes to it. Returns the correlation id and the picture's path. */
export async function orderAPicture(world: World): Promise<{ correlationId: string; picture: string }> {
  const { db } = world;
  chapter("An app orders a picture, and the result comes to it");
  await registerService(world, "picture", { url: `${world.pictureUrl}/pictures` });
  tell(
    `The operator has registered the service "picture" (PUT /api/v1/services/picture). It runs in a process of its own, at ${world.pictureUrl}.`,
  );

  const taskId = `lake-${randomUUID().slice(0, 8)}`;
  await db.doc(`tasks/${taskId}`).set({
    service: "picture",
    prompt: PROMPT,
    userId: "ada",
    followers: ["grace"],
    assistantId: "painter",
    projectId: "landscapes",
    metadata: { album: "lakes" },
  });
  tell(`The app writes one document, tasks/${taskId}: "${PROMPT}". That is all it does; now it listens.`);

  const pending = db.collection("pendingWebhooks").where("objectId", "==", taskId);
  const correlationId = await listenFor(pending, "the task becomes a pending webhook", ({ docs }) => docs[0]?.id);
  const task = await listenToTask(world, correlationId, "the picture is completed", isOver, narrator());

  check(task.status === "completed", "The task is completed", task.error);
  const events = task.history.toSorted((a, b) => a.seq - b.seq).map(({ type }) => type);
  const expected = ["task.started", "task.progress", "task.progress", "task.progress", "task.completed"];
  check(events.join() === expected.join(), `Its history has each event once: ${expected.join(", ")}`, events);
  await checkAppSees(world, taskId, correlationId);
  const picture = await fetchPicture(task);
  conclude(`one document in, ${picture} out`);
  return { correlationId, picture };
}

function isOver({ status }: PendingWebhook): boolean {
  return status !== "pending" && status !== "initiated";
}

/** Tells what is new in each state of a task. */
function narrator(): (task: PendingWebhook) => void {
  let stored = false;
  let calls = 0;
  let acknowledged = false;
  let progress = 0;
  return (task) => {
    if (!stored)
      tell(`Boomerang stores it as pendingWebhooks/${task.correlationId}, status "pending", and queues the call.`);
    stored = true;
    for (const { number, statusCode, durationMs } of task.attempts.slice(calls)) {
      tell(`It calls the service (call ${number}), which answers ${statusCode} after ${durationMs} ms.`);
    }
    calls = task.attempts.length;
    if (task.externalId !== null && !acknowledged) {
      acknowledged = true;
      tell(
        `The service has acknowledged: job ${task.externalId}, ready in about ${task.estimatedCompletion}. Nobody has to wait.`,
      );
    }
    const reported = task.progress ?? 0;
    if (reported > progress && reported < 1 && !isOver(task)) {
      const message = task.history.findLast((event) => event.progress === reported)?.message ?? "";
      tell(`The service calls back: ${String(Math.round(reported * 100)).padStart(2)} %  ${message}.`);
    }
    progress = reported;
    if (isOver(task))
      tell(`The service calls back for the last time. Its token is right, and one commit decides: "${task.status}".`);
  };
}

/** The task document, the comment and the notifications that the app shows to its people. */
async function checkAppSees({ db }: World, taskId: string, correlationId: string): Promise<void> {
  const taskRef = db.doc(`tasks/${taskId}`);
  await listenFor(taskRef, `tasks/${taskId} says "completed"`, (snapshot) =>
    snapshot.get("webhook.status") === "completed" ? true : undefined,
  );
  check(true, `The app's own document says so too (tasks/${taskId}, map "webhook")`);
  const text: unknown = await listenFor(taskRef.collection("comments").doc(correlationId), "the comment", (snapshot) =>
    snapshot.get("text"),
  );
  check(typeof text === "string" && text.includes("http"), `The assistant has commented: "${text}"`, text);
  for (const [person, role] of [
    ["ada", "who ordered it,"],
    ["grace", "who follows it,"],
  ]) {
    const notifications = db.collection(`users/${person}/notifications`).where("correlationId", "==", correlationId);
    const found = await listenFor(notifications, `a notification for ${person}`, ({ docs }) =>
      docs.length > 0 ? docs : undefined,
    );
    check(found.length === 1, `${person}, ${role} has one notification: "${found[0]?.get("text")}"`, found.length);
  }
}

async function fetchPicture({ resultUrl, result }: PendingWebhook): Promise<string> {
  const response = await fetch(resultUrl ?? "");
  const bytes = Buffer.from(await response.arrayBuffer());
  const { format, width, height } = await sharp(bytes).metadata();
  const size = `${width} × ${height}`;
  check(
    format === "png" && size === "1280 × 720",
    `The result is a real picture: ${size} pixels, ${bytes.length} bytes of PNG`,
    { format, size },
  );
  const promised = result !== null && typeof result === "object" && "sha256" in result ? result.sha256 : undefined;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  check(sha256 === promised, "It is, byte for byte, what the callback promised (SHA-256)", { sha256, promised });
  const file = join(root, "demo-output", "picture.png");
  await mkdir(join(root, "demo-output"), { recursive: true });
  await writeFile(file, bytes);
  return relative(process.cwd(), file) || file;
}
