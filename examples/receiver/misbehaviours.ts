import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson } from "../common/http-server.ts";

/** How a request was answered: its status, or what happened instead of an answer. */
export type Answered = number | "closed" | "hanging";

/** Answers one request in its own bad way; `seen` tells how often this path with this query came before. */
type Misbehaviour = (response: ServerResponse, url: URL, seen: number) => Answered;

const BIG_ANSWER_BYTES = 5 * 1024 * 1024;

const MISBEHAVIOURS: readonly (readonly [RegExp, Misbehaviour])[] = [
  [/^\/status\/[2-5]\d\d$/, status],
  [/^\/retry-after\/\d{1,6}$/, retryAfter],
  [/^\/hang$/, () => "hanging"],
  [/^\/redirect$/, redirect],
  [/^\/gone$/, (response) => answer(response, 410)],
  [/^\/big$/, big],
  [/^\/close$/, close],
];

/** The misbehaviour that a path names, if it names one. Signatures are not asked for there: the point is the answer. */
export function misbehaviourFor(pathname: string): Misbehaviour | undefined {
  return MISBEHAVIOURS.find(([path]) => path.test(pathname))?.[1];
}

/** `/status/503` always; `/status/503?times=2` only twice, then 200. */
function status(response: ServerResponse, url: URL, seen: number): number {
  return answer(response, seen < timesOf(url, Number.POSITIVE_INFINITY) ? lastNumber(url) : 200);
}

/** `/retry-after/6`: 503 with `Retry-After: 6`, the first time (or `?times=`); `?status=429` for another status. */
function retryAfter(response: ServerResponse, url: URL, seen: number): number {
  if (seen >= timesOf(url, 1)) return answer(response, 200);
  const asked = Number(url.searchParams.get("status") ?? 503);
  return answer(response, asked >= 400 && asked <= 599 ? asked : 503, { "retry-after": String(lastNumber(url)) });
}

/** `/redirect?to=URL`: 307, which would have the body sent on. */
function redirect(response: ServerResponse, url: URL): number {
  const target = URL.parse(url.searchParams.get("to") ?? "");
  return answer(response, 307, { location: target?.href ?? "/redirected" });
}

function big(response: ServerResponse): number {
  response.writeHead(200, { "content-type": "text/plain" }).end(Buffer.alloc(BIG_ANSWER_BYTES, "x"));
  return 200;
}

function close(response: ServerResponse): "closed" {
  response.destroy();
  return "closed";
}

function timesOf(url: URL, fallback: number): number {
  const times = Number(url.searchParams.get("times") ?? fallback);
  return Number.isNaN(times) ? fallback : times;
}

function lastNumber(url: URL): number {
  return Number(url.pathname.split("/").at(-1));
}

function answer(response: ServerResponse, code: number, headers: Record<string, string> = {}): number {
  sendJson(response, code, { status: code }, headers);
  return code;
}

/** Counts requests by path and query. */
export function createCounter(): { next: (request: IncomingMessage) => number; reset: () => void } {
  const counts = new Map<string, number>();
  return {
    next: (request) => {
      const key = request.url ?? "/";
      const seen = counts.get(key) ?? 0;
      counts.set(key, seen + 1);
      return seen;
    },
    reset: () => counts.clear(),
  };
}
