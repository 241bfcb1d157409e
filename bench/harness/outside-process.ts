// The world around the product, in one process: who submits, the service that is called and calls back at once, and, where the product
// is several functions, the trigger and the queue between them.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { Agent, request } from "undici";
import type { RoundTrips } from "./outside.ts";
import { reportOf } from "./quantiles.ts";

const agent = new Agent({ connections: 128, pipelining: 1 });
/** Tasks whose callback has not been answered yet, and what to do then. */
const open = new Map<string, (status: number) => void>();

async function post(url: string, body: object, headers: Record<string, string> = {}) {
  const answer = await request(url, {
    dispatcher: agent,
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

const service = createServer(async (incoming, response) => {
  const { callbackUrl, correlationId } = (await json(incoming)) as { callbackUrl: string; correlationId: string };
  response.writeHead(202, { "content-type": "application/json" }).end('{"status":"accepted"}');
  const resultUrl = `https://cdn.example.com/videos/${correlationId}.mp4`;
  const { status } = await post(callbackUrl, { correlationId, status: "success", resultUrl });
  finish(correlationId, status);
});

/** The callback may be answered before the submission's answer has come back. */
const early = new Map<string, number>();
function finish(id: string, status: number): void {
  const resolve = open.get(id);
  open.delete(id);
  if (resolve === undefined) early.set(id, status);
  else resolve(status);
}

function calledBack(id: string): Promise<number> {
  const status = early.get(id);
  early.delete(id);
  return status === undefined ? new Promise((resolve) => open.set(id, resolve)) : Promise.resolve(status);
}

/** One task from its submission until its callback is answered and its call is on record. */
async function roundTrip({ submitUrl, dispatchUrl, apiKey }: RoundTrips): Promise<number> {
  const { status, text } = await post(submitUrl, { service: "bench", prompt: "A lighthouse" }, { "x-api-key": apiKey });
  if (status !== 202) return status;
  const correlationId = JSON.parse(text).id;
  const order = { data: { correlationId, attempt: 1 } };
  const [called, dispatched] = await Promise.all([
    calledBack(correlationId),
    dispatchUrl === undefined ? { status: 204 } : post(dispatchUrl, order),
  ]);
  return dispatched.status === 204 ? called : dispatched.status;
}

async function run(trips: RoundTrips): Promise<void> {
  const durationsMs: number[] = [];
  const statuses: Record<string, number> = {};
  let left = trips.count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const startedAt = performance.now();
      const status = await roundTrip(trips);
      durationsMs.push(performance.now() - startedAt);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: trips.concurrency }, worker));
  process.send?.(reportOf(durationsMs, (performance.now() - startedAt) / 1_000, statuses));
}

process.on("message", run);
process.on("disconnect", () => process.exit(0));
service.keepAliveTimeout = 0;
service.listen(0, "127.0.0.1", () => process.send?.({ port: (service.address() as AddressInfo).port }));
