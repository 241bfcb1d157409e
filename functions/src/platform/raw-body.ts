import diagnostics from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/** At Hosting's address, and at the function's own. */
const isUpload = /^(\/api)?\/v1\/ingest\/file\/?(\?|$)/;

/**
 * Makes the functions runtime hand every request's body over as the bytes that were sent (`rawBody`), whatever its
 * Content-Type and Content-Encoding say.
 *
 * Otherwise the runtime inflates and parses bodies before our code runs: what it cannot read it answers itself, with an
 * HTML page (GoogleCloudPlatform/functions-framework-nodejs#686), and what it can is unpacked, to any size, before its
 * sender is known. The runtime decides by `headers`; what was really sent stays in `rawHeaders`. The same page answers a
 * path with a broken percent-encoding, so such a path is handed on with its percent signs escaped.
 * The body of an upload is not read before our code at all, since the runtime would hold it whole: it looks at the headers for
 * whether there is one, so these are taken away, and the stream is left to us.
 * Called once, when the code is loaded.
 */
export function keepBodiesRaw(): void {
  diagnostics.subscribe("http.server.request.start", (message) => {
    const { request } = message as { request: IncomingMessage };
    request.headers["content-type"] = "application/octet-stream";
    delete request.headers["content-encoding"];
    const { url = "/" } = request;
    if (isUpload.test(url)) {
      delete request.headers["content-length"];
      delete request.headers["transfer-encoding"];
    }
    const [path = ""] = url.split("?", 1);
    if (!isDecodable(path)) request.url = path.replaceAll("%", "%25") + url.slice(path.length);
  });
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** A header as it was sent, by its lower-case name; the first where there are several. */
export function sentHeader(request: IncomingMessage, name: string): string | undefined {
  const { rawHeaders } = request;
  const index = rawHeaders.findIndex((header, i) => i % 2 === 0 && header.toLowerCase() === name);
  return index === -1 ? undefined : rawHeaders[index + 1];
}
