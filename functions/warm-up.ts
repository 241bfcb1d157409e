// Runs after the build, as lib/warm-up.js: loads the functions as the platform does and has the two that somebody waits for take a
// request. What V8 compiled for that stays in lib/compile-cache, from where the deployed functions load it (main.cjs). It
// serves the very version of Node.js that made it, so Cloud Build makes it once more, on its own (`gcp-build`).
import { mkdirSync, rmSync } from "node:fs";
import { createRequire, flushCompileCache } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const directory = join(import.meta.dirname, "compile-cache");
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory);

// Nobody is at this address, and nothing leaves the machine.
Object.assign(process.env, {
  BOOMERANG_SECRET: "of-the-build-alone-and-of-no-use-anywhere-else",
  GCLOUD_PROJECT: "build",
  FIRESTORE_EMULATOR_HOST: "127.0.0.1:1",
  METADATA_SERVER_DETECTION: "none",
});
createRequire(import.meta.url)("../main.cjs");
const [{ createDeps }, { createApp }, { receiveCallback }, { callbackToken }] = await Promise.all([
  import("./src/deps.ts"),
  import("./src/http/app.ts"),
  import("./src/callbacks/webhook-callback.ts"),
  import("./src/domain/callback-token.ts"),
]);
const silent = { info() {}, warn() {}, error() {} };
const deps = { ...createDeps(process.env), log: silent };
const correlationId = "warm-up";
const requests = [
  createApp(deps).request("/api/v1/tasks/none", { headers: { "x-api-key": "warm-up" } }),
  receiveCallback(deps, {
    method: "POST",
    path: `/${correlationId}`,
    token: callbackToken(deps.keys, { correlationId, provider: "generic", eventPrefix: "task", createdAt: Date.now() }),
    contentType: "application/json",
    contentEncoding: undefined,
    body: Buffer.from(JSON.stringify({ correlationId, status: "success" })),
  }),
];
// They get no further than to the database that is not there, and would go on trying.
await Promise.race([sleep(1_000), Promise.all(requests)]);
flushCompileCache();
process.exit(0);
