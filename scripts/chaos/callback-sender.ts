import { setTimeout as sleep } from "node:timers/promises";
import { forge } from "./forgery.ts";
import type { JobRequest } from "./service.ts";
import type { Forgery, PlannedCallback, TaskPlan } from "./task-plan.ts";

/** One callback, or one of its copies, with the answer that settled it. */
export interface CallbackRecord {
  readonly n: number;
  readonly correlationId: string;
  readonly label: string;
  readonly report: PlannedCallback["report"] | "forged";
  readonly forgery?: Forgery;
  readonly progress?: number;
  /** How often it was sent before there was an answer other than 5xx. */
  tries: number;
  /** Undefined while it is under way. */
  status?: number;
  answer?: Readonly<Record<string, unknown>>;
}

export interface CallbackSender {
  /** Begins the job: sends what its plan says, and what strangers send. */
  readonly begin: (job: JobRequest) => void;
  readonly records: readonly CallbackRecord[];
  readonly outstanding: () => number;
  readonly stop: () => void;
}

const again = { firstMs: 200, maxMs: 2_000 };
const answerWithinMs = 15_000;

/** What a callback of the plan reports: told apart from every other by its label. */
export function reportOf(n: number, { label, report, progress = 0 }: PlannedCallback): Record<string, unknown> {
  if (report === "progress") return { status: "progress", progress, message: label };
  if (report === "error") return { status: "error", error: errorOf(n, label) };
  const metadata = { label };
  return { status: "success", resultUrl: resultUrlOf(n, label), result: { n, label }, metadata };
}

export const resultUrlOf = (n: number, label: string): string => `https://results.example/${n}/${label}`;
export const errorOf = (n: number, label: string): string => `task ${n} went wrong (${label})`;

/**
 * Sends every callback until it is answered with something else than 5xx, as an honest service does. `ended` tells whether a task
 * has, so that what is to come too late does, however slow the machine is.
 */
export function createCallbackSender(
  planOf: (n: number) => TaskPlan,
  ended: (correlationId: string) => Promise<boolean>,
): CallbackSender {
  const records: CallbackRecord[] = [];
  const urls: string[] = [];
  let outstanding = 0;
  let stopped = false;

  const post = async (
    url: string,
    body: unknown,
  ): Promise<{ status: number; answer: Record<string, unknown> } | undefined> => {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(answerWithinMs),
      });
      return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
    } catch {
      return undefined;
    }
  };

  const send = async (afterMs: number, record: CallbackRecord, url: string, body: unknown, tooLate = false) => {
    outstanding += 1;
    while (tooLate && !stopped && !(await ended(record.correlationId))) await sleep(again.firstMs);
    await sleep(afterMs);
    records.push(record);
    for (let round = 0; !stopped; round += 1) {
      record.tries += 1;
      const answered = await post(url, body);
      if (answered !== undefined && answered.status < 500) {
        Object.assign(record, answered);
        break;
      }
      await sleep(Math.min(again.firstMs * 2 ** round, again.maxMs));
    }
    outstanding -= 1;
  };

  return {
    records,
    outstanding: () => outstanding,
    stop: () => {
      stopped = true;
    },
    begin({ correlationId, callbackUrl, metadata: { n } }) {
      const { callbacks, forged } = planOf(n);
      const others = urls.filter((url) => !url.includes(correlationId));
      urls.push(callbackUrl);
      for (const callback of callbacks) {
        const { label, report, progress } = callback;
        const body = { correlationId, ...reportOf(n, callback) };
        for (const after of [0, ...callback.copies]) {
          const record = { n, correlationId, label, report, ...(progress === undefined ? {} : { progress }), tries: 0 };
          void send(callback.afterMs + after, record, callbackUrl, body, callback.tooLate);
        }
      }
      for (const { forgery, afterMs } of forged) {
        const { url, body } = forge(forgery, { n, correlationId, callbackUrl, otherUrl: others.at(-1) });
        void send(afterMs, { n, correlationId, label: forgery, report: "forged", forgery, tries: 0 }, url, body);
      }
    },
  };
}
