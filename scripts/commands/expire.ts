import { existsSync, readFileSync, statSync } from "node:fs";
import { FriendlyError } from "../stack/friendly-error.ts";
import { functionOutput, readable } from "../stack/function-log.ts";
import { emulatorLog, hubUrl } from "../stack/layout.ts";
import { runSchedule } from "../stack/schedule.ts";
import { asOwner, documentsUrl } from "../stack/seed.ts";

const finish = /Finished "[^"]*expirePendingWebhooks"/;
const logWithinMs = 2_000;

type CountAnswer = { result: { aggregateFields: { count: { integerValue: string } } } }[];

/** How many pending webhooks have one of `statuses`. */
async function count(...statuses: string[]): Promise<number> {
  const answer = await fetch(`${documentsUrl}:runAggregationQuery`, {
    method: "POST",
    headers: { ...asOwner, "Content-Type": "application/json" },
    body: JSON.stringify({
      structuredAggregationQuery: {
        aggregations: [{ alias: "count", count: {} }],
        structuredQuery: {
          from: [{ collectionId: "pendingWebhooks" }],
          where: {
            fieldFilter: {
              field: { fieldPath: "status" },
              op: "IN",
              value: { arrayValue: { values: statuses.map((status) => ({ stringValue: status })) } },
            },
          },
        },
      },
    }),
  });
  if (!answer.ok)
    throw new FriendlyError(`Firestore did not count the tasks (${answer.status}): ${await answer.text()}`);
  const [first] = (await answer.json()) as CountAnswer;
  return Number(first?.result.aggregateFields.count.integerValue ?? 0);
}

async function requireStack(): Promise<void> {
  const answer = await fetch(hubUrl).catch(() => undefined);
  if (!answer?.ok) throw new FriendlyError("No local stack is up: start one with npm start, in another terminal.");
}

/** What the functions printed since the log was `offset` bytes long; waits until the function's end is in the log. */
async function printedSince(offset: number): Promise<string[]> {
  const deadline = performance.now() + logWithinMs;
  for (;;) {
    const lines = existsSync(emulatorLog) ? readFileSync(emulatorLog).subarray(offset).toString().split("\n") : [];
    if (lines.some((line) => finish.test(line)) || performance.now() > deadline) {
      return lines.flatMap((line) => functionOutput(line) ?? []);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** `npm run expire`: runs the scheduled function once against the stack that is up, and says what came of it. */
export async function expire(): Promise<number> {
  await requireStack();
  const [openBefore, expiredBefore] = [await count("pending", "initiated"), await count("expired")];
  const offset = existsSync(emulatorLog) ? statSync(emulatorLog).size : 0;
  await runSchedule(new Date());
  for (const line of await printedSince(offset)) console.log(readable(line));
  const [open, expired] = [await count("pending", "initiated"), await count("expired")];
  console.log(`expirePendingWebhooks ran: ${expired - expiredBefore} expired, ${open} of ${openBefore} still open.`);
  return 0;
}
