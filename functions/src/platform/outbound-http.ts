import { lookup as systemLookup } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { urlToHttpOptions } from "node:url";
import { BoomerangError } from "../domain/errors.ts";
import { bareHost, checkOutboundUrl, isPublicAddress, type OutboundPolicy } from "../domain/outbound-url.ts";
import { errorCode, responseTooLarge, timedOut, toOutboundFailure } from "./outbound-failure.ts";

export interface OutboundRequest {
  readonly url: string;
  readonly method: "POST" | "GET";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For everything together: DNS, connection, TLS, headers, body and the one repetition on a stale socket. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  /** What happens to a body over `maxBodyBytes`: cut off (the default), or the call fails with `response_too_large`. */
  readonly onOversize?: "truncate" | "fail";
}

export interface OutboundResponse {
  /** As it came: a redirect is not followed, and no status is an error. */
  readonly status: number;
  /** Names in lower case; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** As sent: a `content-encoding` is not undone. */
  readonly body: Buffer;
  readonly truncated: boolean;
  readonly durationMs: number;
}

/** @throws OutboundFailure when there is no complete answer. */
export type SendOutbound = (request: OutboundRequest) => Promise<OutboundResponse>;

/** Resolves a host name to all of its addresses, in text form. */
export type LookupHost = (hostname: string) => Promise<readonly { readonly address: string }[]>;

interface OutboundHttpOptions {
  readonly lookup?: LookupHost;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

type Answer = Omit<OutboundResponse, "durationMs">;

const USER_AGENT = "Boomerang-Webhooks/1.0";
const IDLE_SOCKET_MS = 15_000;

/** They frame the message or steer the connection; from outside they could smuggle a second request (RFC 9112, 11.2). */
const CONNECTION_HEADERS = new Set(
  "connection content-length expect host keep-alive te trailer transfer-encoding upgrade".split(" "),
);

/**
 * The client of every outbound call, for URLs that others chose. A connection is only ever made to an address that was
 * checked as it was resolved for that connection, so that a name which changes its address in between gains nothing.
 * Idle sockets do not keep the process alive; `close` ends them at once.
 */
export function createOutboundHttp(
  policy: OutboundPolicy,
  options: OutboundHttpOptions = {},
): SendOutbound & { readonly close: () => void } {
  const now = options.now ?? (() => performance.now());
  const lookup = guardLookup(options.lookup ?? ((hostname) => systemLookup(hostname, { all: true })), policy);
  // Agents of our own take no proxy from the environment. `timeout` ends idle sockets; calls have their own limit.
  const agents = {
    "http:": new http.Agent({ keepAlive: true, timeout: IDLE_SOCKET_MS }),
    "https:": new https.Agent({ keepAlive: true, timeout: IDLE_SOCKET_MS }),
  };

  const send: SendOutbound = async (request) => {
    const startedAt = now();
    const elapsed = () => Math.round(now() - startedAt);
    const deadline = new AbortController();
    let host = "the host";
    let timer: NodeJS.Timeout | undefined;
    try {
      const url = checkOutboundUrl(request.url, policy);
      host = bareHost(url.hostname);
      const headers = prepareHeaders(request.headers);
      timer = setTimeout(() => deadline.abort(timedOut(host, request.timeoutMs)), request.timeoutMs);
      const agent = url.protocol === "http:" ? agents["http:"] : agents["https:"];
      const target = { ...urlToHttpOptions(url), method: request.method, headers, lookup };
      const answer = await exchange({ ...target, agent }, request, deadline.signal).catch((error: unknown) => {
        if (!(error instanceof StaleSocketError)) throw error;
        return exchange({ ...target, agent: false }, request, deadline.signal);
      });
      return { ...answer, durationMs: elapsed() };
    } catch (error) {
      throw toOutboundFailure(error, host, elapsed());
    } finally {
      clearTimeout(timer);
    }
  };
  const close = () => {
    for (const agent of Object.values(agents)) agent.destroy();
  };
  return Object.assign(send, { close });
}

/** The server had already closed a pooled socket: it never saw the request, which is to be sent on a new one. */
class StaleSocketError extends Error {}

function exchange(target: https.RequestOptions, request: OutboundRequest, deadline: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = (target.protocol === "http:" ? http : https).request(target);
    let bytesBefore = 0;
    let answered = false;
    const expire = () => {
      reject(deadline.reason);
      outgoing.destroy();
    };
    deadline.addEventListener("abort", expire, { once: true });
    // Without an error node ends an upgrade (101) that nobody asked for.
    outgoing.on("close", () => {
      if (!answered) reject(new Error("it ended without an answer"));
    });
    outgoing.on("socket", (socket) => {
      bytesBefore = socket.bytesRead;
    });
    outgoing.on("response", (incoming) => {
      answered = true;
      readAnswer(incoming, request).then(resolve, reject);
    });
    outgoing.on("error", (error) => {
      // A server may answer and close before it has read everything: then the answer counts.
      if (answered) return;
      const reset = errorCode(error) === "ECONNRESET" || errorCode(error) === "EPIPE";
      const stale = outgoing.reusedSocket && reset && outgoing.socket?.bytesRead === bytesBefore;
      reject(stale ? new StaleSocketError() : error);
    });
    if (deadline.aborted) expire();
    else outgoing.end(request.body);
  });
}

function readAnswer(incoming: http.IncomingMessage, request: OutboundRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { maxBodyBytes, onOversize = "truncate" } = request;
    const chunks: Buffer[] = [];
    let received = 0;
    const finish = (truncated: boolean) =>
      resolve({
        status: incoming.statusCode ?? 0,
        headers: flattenHeaders(incoming.headers),
        body: Buffer.concat(chunks, Math.min(received, maxBodyBytes)),
        truncated,
      });
    incoming.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received <= maxBodyBytes) return;
      if (onOversize === "fail") reject(responseTooLarge(new URL(request.url).hostname, maxBodyBytes));
      else finish(true);
      incoming.destroy();
    });
    incoming.on("end", () => finish(false));
    incoming.on("error", reject);
    incoming.on("close", () => reject(new Error("it ended in the middle of the answer")));
  });
}

/** Refuses the whole name when one of its addresses is not allowed, and hands on exactly the checked addresses. */
function guardLookup(lookup: LookupHost, policy: OutboundPolicy): LookupFunction {
  const resolve = async (hostname: string) => {
    const found = await lookup(hostname);
    if (!found.every(({ address }) => isPublicAddress(address, policy))) {
      const message = `${hostname} resolves to an address that is not public. Use a host with public addresses only.`;
      throw new BoomerangError("url_not_allowed", message, { status: 422 });
    }
    return found.map(({ address }) => ({ address, family: isIP(address) }));
  };
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), []);
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, []),
    );
  };
}

function prepareHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    const label = JSON.stringify(name.slice(0, 64));
    try {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, value);
    } catch (cause) {
      const message = `The header ${label} has a name or value with characters that HTTP does not allow, such as a line end.`;
      throw new BoomerangError("invalid_header", message, { status: 422, cause });
    }
    if (CONNECTION_HEADERS.has(name.toLowerCase()) || /^proxy-/i.test(name)) {
      const message = `The header ${label} belongs to the connection, which sets it by itself. Leave it out.`;
      throw new BoomerangError("invalid_header", message, { status: 422 });
    }
  }
  // Node keeps the last of two names that differ only in case. `identity`, because nothing here inflates a body.
  return { "User-Agent": USER_AGENT, ...headers, "Accept-Encoding": "identity" };
}

function flattenHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
