import diagnostics from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/**
 * Makes the functions runtime hand every request's body over as bytes (`rawBody`), whatever its Content-Type says.
 *
 * Otherwise the runtime parses JSON before our code runs: what is not JSON is answered by the runtime itself, with an HTML
 * page (GoogleCloudPlatform/functions-framework-nodejs#686), and what is gets parsed before its sender is known. The
 * runtime decides by `headers`; what was really sent stays in `rawHeaders`. Called once, when the code is loaded.
 */
export function keepBodiesRaw(): void {
  diagnostics.subscribe("http.server.request.start", (message) => {
    const { request } = message as { request: IncomingMessage };
    request.headers["content-type"] = "application/octet-stream";
  });
}

/** A header as it was sent, by its lower-case name; the first where there are several. */
export function sentHeader(request: IncomingMessage, name: string): string | undefined {
  const { rawHeaders } = request;
  const index = rawHeaders.findIndex((header, i) => i % 2 === 0 && header.toLowerCase() === name);
  return index === -1 ? undefined : rawHeaders[index + 1];
}
