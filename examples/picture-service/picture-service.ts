import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { HttpError, headersOf, listen, readBody, sendJson, stop } from "../common/http-server.ts";
import { type Sleep, sleep } from "./callback-sender.ts";
import { createPictureJobs, type Job } from "./picture-jobs.ts";
import { parsePictureRequest } from "./picture-request.ts";
import { renderPicture, STAGES } from "./render.ts";

const BODY_LIMIT = 1024 * 1024;
const KEPT_KEYS = 1_000;

export interface PictureServiceOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Seconds that each of the four stages takes at least, unless the request says otherwise. Default 1. */
  readonly stageSeconds?: number;
  /** When set, requests must carry a Standard Webhooks signature made with it (`whsec_…`). */
  readonly secret?: string;
  /** When set, requests must carry exactly this `Authorization` value. */
  readonly auth?: string;
  /** How to paint; tests of everything else put something faster here. */
  readonly render?: typeof renderPicture;
  /** How to wait; tests put a function here that does not. */
  readonly sleep?: Sleep;
}

export interface PictureService {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Every job, oldest first, with the callbacks sent for it. */
  readonly jobs: () => Job[];
  /** Resolves when nothing is being rendered or sent. */
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
}

type Started = { readonly job: Job; readonly finished: Promise<void> };

/** Starts the service on the loopback interface. The README beside this file describes what it answers. */
export async function startPictureService(options: PictureServiceOptions = {}): Promise<PictureService> {
  const { port = 0, stageSeconds = 1, secret, auth } = options;
  let url = "";
  const jobs = await createPictureJobs({
    publicUrl: () => url,
    render: options.render ?? renderPicture,
    sleep: options.sleep ?? sleep,
  });
  const byKey = new Map<string, Started>();

  const createPicture = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readBody(request, BODY_LIMIT);
    if (secret !== undefined) checkSignature(secret, request, body);
    const asked = parsePictureRequest(body, stageSeconds);
    const key = request.headers["idempotency-key"];
    const known = typeof key === "string" ? byKey.get(key) : undefined;
    const { job, finished } = known ?? jobs.start(asked);
    if (known === undefined && typeof key === "string") remember(byKey, key, { job, finished });
    if (job.request.mode === "sync") {
      await finished;
      return sendJson(response, 200, job.outcome);
    }
    const estimate = `${Math.ceil(job.request.stageSeconds * STAGES.length + 1)}s`;
    return sendJson(response, 202, { status: "accepted", estimatedCompletion: estimate, id: job.id });
  };

  const sendPicture = async (id: string, response: ServerResponse) => {
    if (jobs.find(id)?.status !== "finished") throw new HttpError(404, "No finished picture has this id.");
    const png = await readFile(jobs.fileOf(id));
    response.writeHead(200, {
      "content-type": "image/png",
      "content-length": png.length,
      "cache-control": "public, max-age=3600, immutable",
    });
    response.end(png);
  };

  const sendAgain = async (id: string, response: ServerResponse) => {
    const job = jobs.find(id);
    if (job === undefined) throw new HttpError(404, "No job has this id.");
    sendJson(response, 200, await jobs.sendAgain(job));
  };

  const route = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? "/", "http://service");
    const target = `${request.method === "HEAD" ? "GET" : request.method} ${pathname}`;
    const picture = /^GET \/pictures\/([\w-]+)\.png$/.exec(target)?.[1];
    if (picture !== undefined) return sendPicture(picture, response);
    if (target === "GET /")
      return sendJson(response, 200, { service: "picture", order: "POST /pictures", jobs: "GET /jobs" });
    if (auth !== undefined) checkAuthorization(auth, request.headers.authorization);
    const again = /^POST \/jobs\/([\w-]+)\/callback$/.exec(target)?.[1];
    if (again !== undefined) return sendAgain(again, response);
    if (target === "GET /jobs") return sendJson(response, 200, jobs.all());
    if (target === "POST /pictures") return createPicture(request, response);
    throw new HttpError(404, `There is no ${target} here. Pictures are ordered by POST /pictures.`);
  };

  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      const known = error instanceof HttpError ? error : new HttpError(500, `The service failed: ${String(error)}`);
      const errors = known.fields.length > 0 ? { errors: known.fields } : {};
      sendJson(response, known.status, { error: known.message, ...errors });
    });
  });
  url = await listen(server, port);
  return {
    url,
    jobs: jobs.all,
    settled: jobs.settled,
    close: async () => {
      await stop(server);
      await jobs.close();
    },
  };
}

function checkSignature(secret: string, request: IncomingMessage, body: Buffer): void {
  try {
    new Webhook(secret).verify(body, headersOf(request), { jsonParse: false });
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    throw new HttpError(401, `The Standard Webhooks signature is not right: ${error.message}.`);
  }
}

function checkAuthorization(expected: string, given: string | undefined): void {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (given === undefined || !timingSafeEqual(digest(given), digest(expected))) {
    throw new HttpError(401, "The Authorization header is missing or wrong.");
  }
}

function remember(byKey: Map<string, Started>, key: string, started: Started): void {
  byKey.set(key, started);
  const oldest = byKey.keys().next();
  if (byKey.size > KEPT_KEYS && !oldest.done) byKey.delete(oldest.value);
}
