import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HttpError } from "../common/http-server.ts";
import { type CallbackAttempt, type Sleep, sendCallback } from "./callback-sender.ts";
import type { PictureRequest } from "./picture-request.ts";
import type { renderPicture } from "./render.ts";
import { HEIGHT, WIDTH } from "./scene.ts";

const ATTEMPTS = 8;
const KEPT_JOBS = 1_000;

/** The body of a callback, and in mode `sync` of the answer. */
export type Outcome = Readonly<Record<string, unknown>>;

/** One accepted request and what became of it. */
export interface Job {
  readonly id: string;
  readonly request: PictureRequest;
  status: "rendering" | "finished" | "failed";
  /** The final callback's body, as soon as there is one, whether it was sent or not. */
  outcome?: Outcome;
  readonly callbacks: CallbackAttempt[];
}

export interface PictureJobs {
  readonly all: () => Job[];
  readonly find: (id: string) => Job | undefined;
  /** Starts to render and returns at once; `finished` resolves when the last callback has been answered. */
  readonly start: (request: PictureRequest) => { job: Job; finished: Promise<void> };
  /** Sends a finished job's final callback once more, and returns what came of it. */
  readonly sendAgain: (job: Job) => Promise<CallbackAttempt>;
  /** Resolves when nothing is being rendered or sent. */
  readonly settled: () => Promise<void>;
  /** Where a finished job's PNG is. */
  readonly fileOf: (id: string) => string;
  /** Stops all rendering and sending, and removes the pictures. */
  readonly close: () => Promise<void>;
}

interface JobsOptions {
  /** Where the finished pictures can be fetched, without a final slash. */
  readonly publicUrl: () => string;
  readonly render: typeof renderPicture;
  readonly sleep: Sleep;
}

/** Renders pictures into a directory of its own and reports on them. */
export async function createPictureJobs({ publicUrl, render, sleep }: JobsOptions): Promise<PictureJobs> {
  const directory = await mkdtemp(join(tmpdir(), "picture-service-"));
  const stopping = new AbortController();
  const jobs = new Map<string, Job>();
  const running = new Set<Promise<void>>();
  const fileOf = (id: string) => join(directory, `${id}.png`);

  const report = async (job: Job, body: Outcome, attempts: number) => {
    const url = job.request.callbackUrl;
    if (url === undefined) return undefined;
    const onAttempt = (attempt: CallbackAttempt) => job.callbacks.push(attempt);
    return sendCallback(url, body, { attempts, signal: stopping.signal, sleep, onAttempt });
  };

  const paint = async (job: Job): Promise<Outcome> => {
    const { correlationId, prompt, mode, stageSeconds } = job.request;
    const started = performance.now();
    const picture = await render(prompt, async (progress, message) => {
      await sleep(stageSeconds * 1_000, stopping.signal);
      stopping.signal.throwIfAborted();
      // Progress is news, not an outcome: it is sent once, and a receiver that misses it misses little.
      if (mode === "callback" || mode === "duplicate")
        await report(job, { correlationId, status: "progress", progress, message }, 1);
    });
    await sleep(stageSeconds * 1_000, stopping.signal);
    if (mode === "error" || /\bfail\b/i.test(prompt)) {
      return {
        correlationId,
        status: "error",
        error: `The paint ran out: this service cannot finish "${prompt.slice(0, 80)}".`,
      };
    }
    const { png, scene } = picture;
    await writeFile(fileOf(job.id), png);
    return {
      correlationId,
      status: "success",
      resultUrl: `${publicUrl()}/pictures/${job.id}.png`,
      metadata: {
        title: prompt,
        width: WIDTH,
        height: HEIGHT,
        fileSize: `${(png.length / 1e6).toFixed(1)} MB`,
        contentType: "image/png",
      },
      result: {
        ...scene,
        bytes: png.length,
        sha256: createHash("sha256").update(png).digest("hex"),
        seconds: Math.round(performance.now() - started) / 1_000,
      },
    };
  };

  const run = async (job: Job): Promise<void> => {
    const { correlationId, mode } = job.request;
    try {
      job.outcome = await paint(job);
    } catch (error) {
      if (stopping.signal.aborted) return;
      job.outcome = { correlationId, status: "error", error: `The picture could not be rendered: ${String(error)}` };
    }
    job.status = job.outcome.status === "success" ? "finished" : "failed";
    const times = { callback: 1, error: 1, duplicate: 2, silent: 0, sync: 0 }[mode];
    try {
      for (let time = 0; time < times; time++) await report(job, job.outcome, ATTEMPTS);
    } catch (error) {
      // Closing interrupts the wait before the next attempt, and nothing else can throw here.
      if (!stopping.signal.aborted) console.error(`The callback of job ${job.id} was given up:`, error);
    }
  };

  const settled = async () => {
    while (running.size > 0) await Promise.all(running);
  };

  return {
    all: () => [...jobs.values()],
    find: (id) => jobs.get(id),
    start: (request) => {
      const job: Job = { id: randomUUID(), request, status: "rendering", callbacks: [] };
      jobs.set(job.id, job);
      for (const [id, { status }] of jobs) {
        if (jobs.size <= KEPT_JOBS) break;
        if (status !== "rendering" && jobs.delete(id)) void rm(fileOf(id), { force: true });
      }
      const finished = run(job);
      running.add(finished);
      void finished.finally(() => running.delete(finished));
      return { job, finished };
    },
    sendAgain: async (job) => {
      const attempt = job.outcome && (await report(job, job.outcome, 1));
      if (attempt === undefined)
        throw new HttpError(409, "This job is still rendering, or came without a callbackUrl.");
      return attempt;
    },
    settled,
    fileOf,
    close: async () => {
      stopping.abort();
      await settled();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
