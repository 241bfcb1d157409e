import http from "node:http";
import { json } from "node:stream/consumers";
import { getApps } from "firebase-admin/app";
import { newKey, registerService } from "../support/api-client.ts";
import { type ProductionRuntime, startProductionRuntime } from "../support/production-runtime.ts";
import { newSecret, newTestFirestore } from "../support/test-deps.ts";
import { end, formType, newBucket, part, sourceType } from "../support/uploads.ts";
import { waitFor } from "../support/wait-for.ts";

/** Uploads on the runtime that production has, which would hold a body whole unless it is kept from it. */

jest.setTimeout(180_000);
const mb = 1_000_000;
const bucket = newBucket();
const db = newTestFirestore();
let runtime: ProductionRuntime;
let key: string;

beforeAll(async () => {
  key = await newKey(db, "anna", ["tasks:write"]);
  await registerService(db, "ingest");
  runtime = await startProductionRuntime("api", {
    FUNCTIONS_EMULATOR: "true",
    GCLOUD_PROJECT: getApps().find(({ name }) => name !== "[DEFAULT]")?.options.projectId ?? "",
    BOOMERANG_SECRET: newSecret(),
    BOOMERANG_BUCKET: bucket.name,
  });
});
afterAll(async () => {
  await runtime.stop();
  await db.terminate();
});

const head = part("file", "", { name: "large.bin", type: "application/octet-stream" }).subarray(0, -2);

/** Sends a file of that many bytes, chunk by chunk, until there is an answer; `stopAt` hangs up after so many bytes. */
async function send(bytes: number, { stopAt = Number.POSITIVE_INFINITY, announce = false } = {}) {
  const begin = Buffer.concat([sourceType, head]);
  const finish = Buffer.concat([Buffer.from("\r\n"), end]);
  const length = begin.length + bytes + finish.length;
  const request = http.request(`${runtime.url}/v1/ingest/file`, {
    method: "POST",
    headers: { "content-type": formType, "x-api-key": key, ...(announce ? { "content-length": length } : {}) },
  });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on("response", resolve).on("error", reject);
  });
  answered.catch(() => {});
  let over = false;
  request.on("response", () => {
    over = true;
  });
  let sent = 0;
  request.write(begin);
  for (const chunk = Buffer.alloc(64_000, 7); sent < bytes && !over; ) {
    const size = Math.min(chunk.length, bytes - sent);
    sent += size;
    if (sent > stopAt) {
      request.destroy(new Error("gone"));
      break;
    }
    if (!request.write(chunk.subarray(0, size))) await Promise.race([drained(request), answered]);
  }
  if (!over && !request.destroyed) request.end(finish);
  const response = await answered;
  return { sent, status: response.statusCode, body: (await json(response)) as Record<string, unknown> };
}

const drained = (request: http.ClientRequest) => new Promise((resolve) => request.once("drain", resolve));

test("of the 70 MB that a file is larger, none are held", async () => {
  await send(30 * mb);
  const before = await runtime.peakMemory();
  const { status, body } = await send(100 * mb);
  expect([status, body.file_size]).toEqual([202, 100 * mb]);
  // Held, they would be there at least once, and as the runtime does it more than twice. What is left is garbage not yet collected.
  expect((await runtime.peakMemory()) - before).toBeLessThan(70 * mb);
});

test("one byte more is refused, with an answer that arrives and nothing left behind", async () => {
  const paths = await bucket.paths();
  const { status, body } = await send(100 * mb + 1);
  expect([status, body.code]).toEqual([413, "body_too_large"]);
  expect(await bucket.paths()).toEqual(paths);
});

test("what is announced as too large is refused before it is sent", async () => {
  const { status, sent } = await send(200 * mb, { announce: true });
  expect([status, sent < 20 * mb]).toEqual([413, true]);
});

test("a client that hangs up in the middle leaves nothing behind", async () => {
  const paths = await bucket.paths();
  const refusals = () => runtime.output().split("bad_form").length - 1;
  expect(refusals()).toBe(0);
  await expect(send(50 * mb, { stopAt: 5 * mb })).rejects.toThrow("gone");
  await waitFor("the end of the request", () => (refusals() > 0 ? true : undefined));
  expect(await bucket.paths()).toEqual(paths);
  expect((await send(mb)).status).toBe(202);
});
