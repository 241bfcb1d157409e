// Sends requests from a process of its own, so that measuring takes no time from the one that is measured for the others.
import { Pool } from "undici";
import type { Load, LoadReport } from "./load.ts";
import { reportOf } from "./quantiles.ts";

/** Sends all requests of a load, `concurrency` at a time. */
async function send({ url, concurrency, requests }: Load): Promise<LoadReport> {
  const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  const durationsMs = new Array<number>(requests.length).fill(0);
  const statuses: Record<string, number> = {};
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < requests.length; index = next++) {
      const request = requests[index];
      if (request === undefined) return;
      const startedAt = performance.now();
      const status = await exchange(pool, request);
      durationsMs[index] = performance.now() - startedAt;
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - startedAt) / 1_000;
  await pool.close();
  return reportOf(durationsMs, seconds, statuses);
}

/** The status of the answer, or what went wrong instead. */
function exchange(pool: Pool, { path, headers, body }: Load["requests"][number]): Promise<number | string> {
  return new Promise((resolve) => {
    let status = 0;
    pool.dispatch(
      { path, method: "POST", headers: { "content-type": "application/json", ...headers }, body },
      {
        onConnect: () => {},
        onHeaders: (code) => {
          status = code;
          return true;
        },
        onData: () => true,
        onComplete: () => resolve(status),
        onError: (error) => resolve(error.message),
      },
    );
  });
}

process.on("message", async (load: Load) => {
  process.send?.(await send(load));
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
