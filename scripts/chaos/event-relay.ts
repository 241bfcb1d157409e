import { createServer, type IncomingHttpHeaders } from "node:http";
import { listen, readBody, stop } from "../../examples/common/http-server.ts";
import { type Adversary, type FunctionName, functionNames } from "./adversary.ts";
import type { Courier } from "./courier.ts";

const bodyLimit = 16 * 1_024 * 1_024;

/** Stands in for Eventarc: takes the events that the Firestore emulator posts, and brings each to its function at least once. */
export interface EventRelay {
  /** `host:port`. */
  readonly address: string;
  readonly received: () => number;
  readonly stop: () => Promise<void>;
}

/**
 * The emulator posts an event once, whatever the answer: so it is kept here, and answered at once. Late, repeated and out of
 * order, as the adversary says.
 */
export async function startEventRelay(courier: Courier, adversary: Adversary): Promise<EventRelay> {
  const ordinals = new Map<string, number>();
  let received = 0;
  const server = createServer(async (request, response) => {
    const name = functionOf(request.url ?? "");
    const posted = await readBody(request, bodyLimit);
    response.writeHead(name === undefined ? 404 : 200).end();
    if (name === undefined) return;
    received += 1;
    const document = String(request.headers["ce-document"]);
    const ordinal = (ordinals.get(document) ?? 0) + 1;
    ordinals.set(document, ordinal);
    courier.bring({
      to: name,
      // The emulator posts the event's protobuf as base64, against what its Content-Type says; production sends the bytes.
      request: {
        method: "POST",
        path: "/",
        headers: eventHeaders(request.headers),
        body: Buffer.from(posted.toString(), "base64"),
      },
      bringing: adversary.eventBringing(document, ordinal),
      notBefore: 0,
      subject: `event ${ordinal} of ${document}`,
    });
  });
  // The emulator loses what it posts on a connection that was closed while it was paused, so none is closed for being idle.
  server.keepAliveTimeout = 0;
  const url = await listen(server, 0);
  return { address: new URL(url).host, received: () => received, stop: () => stop(server) };
}

function functionOf(url: string): FunctionName | undefined {
  const name = url.split("/").at(-1);
  return functionNames.find((known) => known === name);
}

/** A CloudEvent in binary mode: its attributes are headers. */
function eventHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const event = Object.entries(headers).filter(([name]) => name.startsWith("ce-") || name === "content-type");
  return Object.fromEntries(event.map(([name, value]) => [name, String(value)]));
}
