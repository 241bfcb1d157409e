import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer other than success, thrown by a handler: its status and the text that the caller reads. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly fields: readonly FieldProblem[];

  constructor(status: number, message: string, fields: readonly FieldProblem[] = []) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

/** One bad field of a request body. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/**
 * Reads a request body whole, because a signature is made over the exact bytes.
 * Throws a 413 `HttpError` when it is larger than `limit` bytes.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and dropped: an answer sent into an unfinished upload is often lost to a connection reset.
    if (size <= limit) chunks.push(chunk);
  }
  if (size > limit) throw new HttpError(413, `The body has ${size} bytes; this server reads at most ${limit}.`);
  return Buffer.concat(chunks);
}

/** Request headers as plain strings; a header that came several times is joined by a comma, as HTTP has it. */
export function headersOf(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = `${JSON.stringify(body, null, 2)}\n`;
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers }).end(text);
}

/** Starts listening on the loopback interface (port 0: any free one) and returns the base URL, without a final slash. */
export async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Stops listening and cuts every open connection. */
export async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
