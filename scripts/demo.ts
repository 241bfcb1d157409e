// The whole way of a task, told as it happens and checked at every step. Runs inside the local stack: npm run demo.

import { exactlyOnce } from "./demo/chapters/exactly-once.ts";
import { failure } from "./demo/chapters/failure.ts";
import { orderAPicture } from "./demo/chapters/order-a-picture.ts";
import { overHttp } from "./demo/chapters/over-http.ts";
import { signedAndRetried } from "./demo/chapters/signed-and-retried.ts";
import { subscribers } from "./demo/chapters/subscribers.ts";
import { tooLate } from "./demo/chapters/too-late.ts";
import { stopChildServers } from "./demo/child-server.ts";
import { breakOff, summary } from "./demo/story.ts";
import { enterWorld } from "./demo/world.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(signal === "SIGINT" ? 130 : 143));
}

async function tellStory(): Promise<void> {
  console.log("\nBoomerang sends slow work to external services, and takes the answer exactly once. See it happen:");
  const world = await enterWorld();
  const { correlationId, picture } = await orderAPicture(world);
  await exactlyOnce(world, correlationId);
  await overHttp(world);
  await signedAndRetried(world);
  await subscribers(world);
  await tooLate(world);
  await failure(world);
  summary();
  console.log(`\n   The picture: ${picture}\n`);
}

let exitCode = 0;
try {
  await tellStory();
} catch (error) {
  breakOff(error);
  exitCode = 1;
} finally {
  await stopChildServers();
}
process.exit(exitCode);
