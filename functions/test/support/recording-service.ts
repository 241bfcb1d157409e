import http from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "./outbound-client.ts";

/** A call as an external service received it. */
export interface IncomingCall {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** The body's text. */
  readonly text: string;
  /** The body's JSON. */
  readonly body: Record<string, unknown>;
}

export interface ReceivedCall extends IncomingCall {
  /** The status that it was answered with. */
  readonly status: number;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: unknown;
  /** The answer is held back until then. */
  readonly until?: Promise<unknown>;
  /** The connection is cut instead. */
  readonly hangUp?: boolean;
}

export interface RecordingService {
  readonly url: string;
  readonly calls: ReceivedCall[];
  /** How many TCP connections were made to it. */
  readonly connections: () => number;
}

/**
 * A real HTTP service on loopback that keeps every call and answers as told; it ends with the running test.
 * @param answer what the n-th call (from 1) is answered with.
 */
export async function startService(answer: (call: IncomingCall, n: number) => Answer): Promise<RecordingService> {
  const calls: ReceivedCall[] = [];
  const server = http.createServer(async (request, response) => {
    const text = (await buffer(request)).toString("utf8");
    const { method = "", url = "", headers } = request;
    const call = { method, path: url, headers, text, body: text === "" ? {} : JSON.parse(text) };
    const { status = 202, headers: sent = {}, body = "", until, hangUp = false } = answer(call, calls.length + 1);
    calls.push({ ...call, status });
    await until;
    if (hangUp) return request.destroy();
    return response.writeHead(status, sent).end(isRaw(body) ? body : JSON.stringify(body));
  });
  const { port, connections } = await listen(server);
  return { url: `http://127.0.0.1:${port}/jobs`, calls, connections };
}

function isRaw(body: unknown): body is string | Buffer {
  return typeof body === "string" || Buffer.isBuffer(body);
}
