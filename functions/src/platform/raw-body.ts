import diagnostics from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/**
 * Leaves every request's body to us, unread, whatever its Content-Type, Content-Encoding and length say.
 *
 * Otherwise the runtime reads, inflates and parses bodies before our code runs: what it cannot read it answers itself, with an
 * HTML page (GoogleCloudPlatform/functions-framework-nodejs#686), and what it can it holds in memory, and unpacked, to any size, before its
 * sender is known. The runtime decides by `headers`, which therefore lose what tells of a body; what was really sent stays in
 * `rawHeaders`. The same page answers a path with a broken percent-encoding, so such a path is handed on with its percent signs escaped.
 * Called once, when the code is loaded.
 */
export function keepBodiesRaw(): void {
  diagnostics.subscribe("http.server.request.start", (message) => {
    const { request } = message as { request: IncomingMessage };
    request.headers["content-type"] = "application/octet-stream";
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) delete request.headers[name];
    const { url = "/" } = request;
    const [path = ""] = url.split("?", 1);
    if (!isDecodable(path)) request.url = path.replaceAll("%", "%25") + url.slice(path.length);
  });
}

/**
 * The bytes of a request's body; undefined where there are more than `maxBytes`: then it is read no further. Throws where the sender
 * breaks off.
 */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = () => {
      request.off("data", take).off("end", end).off("error", reject).off("close", breakOff);
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= maxBytes) return;
      settle();
      request.pause();
      resolve(undefined);
    };
    const end = () => {
      settle();
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    };
    const breakOff = () => reject(new Error("The sender broke off."));
    request.on("data", take).once("end", end).once("error", reject).once("close", breakOff);
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
