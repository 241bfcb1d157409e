import type { Answered } from "./misbehaviours.ts";
import type { SignatureCheck } from "./verify-signatures.ts";

const KEPT_REQUESTS = 1_000;

/** One request as it came in. */
export interface ReceivedRequest {
  /** Counts from 1 in the order of arrival. */
  readonly id: number;
  /** When its body was complete: ISO 8601, UTC. */
  readonly at: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown;
  /** The body's exact bytes as UTF-8 text; empty when it was over the limit. */
  readonly rawBody: string;
  /** `null` when the receiver has no secret to check with; `false` also for a request without any signature. */
  readonly verified: boolean | null;
  readonly signatures: readonly SignatureCheck[];
  readonly answered: Answered;
}

type Predicate = (request: ReceivedRequest) => boolean;

/** The last 1,000 requests, oldest first, and who waits for one. */
export interface ReceivedLog {
  readonly entries: () => readonly ReceivedRequest[];
  readonly add: (request: Omit<ReceivedRequest, "id">) => void;
  readonly clear: () => void;
  readonly waitFor: (predicate: Predicate, timeoutMs: number) => Promise<ReceivedRequest>;
  /** Lets nobody wait any longer. */
  readonly close: () => void;
}

interface Waiter {
  readonly predicate: Predicate;
  readonly resolve: (request: ReceivedRequest) => void;
  readonly reject: (error: Error) => void;
}

export function createReceivedLog(): ReceivedLog {
  const entries: ReceivedRequest[] = [];
  const waiters = new Set<Waiter>();
  let nextId = 1;

  return {
    entries: () => entries,
    add: (request) => {
      const entry = { id: nextId++, ...request };
      entries.push(entry);
      if (entries.length > KEPT_REQUESTS) entries.shift();
      for (const waiter of waiters) {
        if (waiter.predicate(entry)) waiter.resolve(entry);
      }
    },
    clear: () => {
      entries.length = 0;
    },
    waitFor: (predicate, timeoutMs) => {
      const there = entries.find(predicate);
      if (there !== undefined) return Promise.resolve(there);
      return new Promise((resolve, reject) => {
        const settle = (then: () => void) => {
          clearTimeout(timer);
          waiters.delete(waiter);
          then();
        };
        const waiter: Waiter = {
          predicate,
          resolve: (request) => settle(() => resolve(request)),
          reject: (error) => settle(() => reject(error)),
        };
        const timer = setTimeout(() => waiter.reject(new Error(missing(entries, timeoutMs))), timeoutMs);
        waiters.add(waiter);
      });
    },
    close: () => {
      for (const waiter of waiters)
        waiter.reject(new Error("The receiver was closed before the expected request came."));
    },
  };
}

function missing(entries: readonly ReceivedRequest[], timeoutMs: number): string {
  const seen = entries.slice(-10).map(({ method, path, rawBody }) => `${method} ${path} ${rawBody.slice(0, 120)}`);
  const list = seen.length > 0 ? `The last that came:\n${seen.join("\n")}` : "Nothing came at all.";
  return `The expected request did not come within ${timeoutMs} ms. ${list}`;
}
