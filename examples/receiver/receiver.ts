import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { HttpError, headersOf, listen, readBody, sendJson, stop } from "../common/http-server.ts";
import { createCounter, misbehaviourFor } from "./misbehaviours.ts";
import { PAGE_HEADERS, renderPage } from "./page.ts";
import { createReceivedLog, type ReceivedRequest } from "./received-log.ts";
import { checkSignatures } from "./verify-signatures.ts";

const BODY_LIMIT = 1024 * 1024;

export type { ReceivedRequest } from "./received-log.ts";

export interface ReceiverOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** With a secret, whatever is not signed with it is refused with 401 (and recorded all the same). */
  readonly secret?: string;
}

export interface Receiver {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The last 1,000 requests, oldest first. */
  readonly received: () => readonly ReceivedRequest[];
  /** The first request that matches, be it there already or still to come. Rejects after `timeoutMs`, with what came instead. */
  readonly waitFor: (predicate: (request: ReceivedRequest) => boolean, timeoutMs: number) => Promise<ReceivedRequest>;
  readonly clear: () => void;
  readonly close: () => Promise<void>;
}

/** Starts a receiver on the loopback interface. The README beside this file describes what it answers. */
export async function startReceiver({ port = 0, secret }: ReceiverOptions = {}): Promise<Receiver> {
  const log = createReceivedLog();
  const counter = createCounter();
  const clear = () => {
    log.clear();
    counter.reset();
  };

  const show = (target: string, response: ServerResponse): boolean => {
    if (target === "GET /") response.writeHead(200, PAGE_HEADERS).end(renderPage(log.entries(), secret !== undefined));
    else if (target === "GET /received.json") sendJson(response, 200, log.entries());
    else if (target === "GET /callbacks") sendJson(response, 200, bodiesAt("/callback"));
    else if (target === "GET /webhooks") sendJson(response, 200, bodiesAt("/webhook"));
    else if (target === "GET /favicon.ico") response.writeHead(204).end();
    else if (target === "DELETE /received.json") {
      clear();
      response.writeHead(204).end();
    } else return false;
    return true;
  };

  const bodiesAt = (path: string) =>
    log
      .entries()
      .flatMap((entry) => (entry.method === "POST" && entry.path.split("?")[0] === path ? [entry.body] : []));

  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://receiver");
    if (show(`${request.method} ${url.pathname}`, response)) return;
    const seen = counter.next(request);
    const headers = headersOf(request);
    const body = await readBody(request, BODY_LIMIT).catch((error: unknown) => {
      if (error instanceof HttpError) return undefined;
      throw error;
    });
    const signatures = secret === undefined || body === undefined ? [] : checkSignatures(secret, headers, body);
    const verified = secret === undefined ? null : signatures.length > 0 && signatures.every((check) => check.verified);
    const answer = () => {
      const misbehave = misbehaviourFor(url.pathname);
      if (body === undefined) return send(response, 413, { error: `This receiver reads at most ${BODY_LIMIT} bytes.` });
      if (misbehave !== undefined) return misbehave(response, url, seen);
      if (verified === false)
        return send(response, 401, { error: "No signature of this request is right.", signatures });
      return send(response, 200, { received: true, verified });
    };
    const rawBody = body?.toString("utf8") ?? "";
    const answered = answer();
    log.add({
      at: new Date().toISOString(),
      method: request.method ?? "",
      path: request.url ?? "/",
      headers,
      body: parsed(rawBody),
      rawBody,
      verified,
      signatures,
      answered,
    });
  };

  const server = createServer((request, response) => {
    receive(request, response).catch((error: unknown) => {
      // A sender that hung up in the middle of its body has nobody left to answer to.
      if (!request.complete) response.destroy();
      else sendJson(response, 500, { error: `The receiver failed: ${String(error)}` });
    });
  });
  const url = await listen(server, port);
  return {
    url,
    received: log.entries,
    waitFor: log.waitFor,
    clear,
    close: async () => {
      log.close();
      await stop(server);
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): number {
  sendJson(response, status, body);
  return status;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
