import http from "node:http";
import { json } from "node:stream/consumers";
import { type ProductionRuntime, startProductionRuntime } from "../support/production-runtime.ts";
import { newSecret } from "../support/test-deps.ts";

/** What strangers send must not be held: an instance has 512 MiB, and many requests at once. */

jest.setTimeout(120_000);
const mb = 1_000_000;
const strangers = 10;

async function start(target: string): Promise<ProductionRuntime> {
  return await startProductionRuntime(target, {
    FUNCTIONS_EMULATOR: "true",
    GCLOUD_PROJECT: "demo-large-bodies",
    BOOMERANG_SECRET: newSecret(),
  });
}

/** Sends a body of that many bytes, chunk by chunk, until there is an answer. */
async function post(url: string, bytes: number): Promise<{ status: number | undefined; code: unknown }> {
  const request = http.request(url, { method: "POST", headers: { "content-type": "application/json" } });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on("response", resolve).on("error", reject);
  });
  const chunk = Buffer.alloc(64_000, " ");
  let over = false;
  request.on("response", () => {
    over = true;
  });
  for (let sent = 0; sent < bytes && !over; sent += chunk.length) {
    if (!request.write(chunk)) await Promise.race([new Promise((resolve) => request.once("drain", resolve)), answered]);
  }
  request.end();
  const response = await answered;
  const { code } = (await json(response)) as { code?: unknown };
  return { status: response.statusCode, code };
}

test.each([
  ["api", "/v1/tasks", "unauthenticated"],
  ["api", "/v1/no-such-thing", "unauthenticated"],
  ["webhookCallback", "/some-id?token=wrong", "wrong_token"],
])("%s%s holds nothing of what a stranger sends", async (target, path, code) => {
  const runtime = await start(target);
  try {
    await post(runtime.url + path, mb);
    const before = await runtime.peakMemory();
    const answers = await Promise.all(Array.from({ length: strangers }, () => post(runtime.url + path, 30 * mb)));
    expect(answers).toEqual(Array(strangers).fill({ status: 401, code }));
    expect((await runtime.peakMemory()) - before).toBeLessThan(100 * mb);
  } finally {
    await runtime.stop();
  }
});
