import { createServer, type IncomingHttpHeaders } from "node:http";
import { listen, readBody, sendJson, stop } from "../../examples/common/http-server.ts";
import type { FunctionName } from "./adversary.ts";
import type { Fleet } from "./fleet.ts";

const bodyLimit = 32 * 1_024 * 1_024;

/** The address of the two functions that the outside calls. */
export interface Gateway {
  /** `http://127.0.0.1:port`: the API below `/api`, callbacks below `/webhookCallback`. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * What stands before a function on Google's side: an address that stays while processes come and go. A request whose process
 * ends in the middle is answered with 503. `fleet` may come later than the first request.
 */
export async function startGateway(fleet: () => Fleet): Promise<Gateway> {
  const server = createServer(async (request, response) => {
    const target = targetOf(request.url ?? "/");
    if (target === undefined) return sendJson(response, 404, { error: "There is nothing here." });
    try {
      const body = await readBody(request, bodyLimit);
      const { method = "GET" } = request;
      const answer = await fleet().call(target.name, {
        method,
        path: target.path,
        headers: passedOn(request.headers),
        body,
      });
      response.writeHead(answer.status, passedOn(answer.headers)).end(answer.body);
    } catch {
      // A sender that hung up has nobody left to answer to.
      if (response.writable) sendJson(response, 503, { error: "The function's process ended before it answered." });
    }
  });
  return { url: await listen(server, 0), stop: () => stop(server) };
}

/** The function's own name is cut off the path, as it is in production; the API comes by way of Hosting, which leaves its path. */
function targetOf(url: string): { name: FunctionName; path: string } | undefined {
  if (url.startsWith("/api/")) return { name: "api", path: url };
  const prefix = "/webhookCallback";
  return url.startsWith(`${prefix}/`) ? { name: "webhookCallback", path: url.slice(prefix.length) } : undefined;
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const own = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host"]);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      own.has(name) || value === undefined ? [] : [[name, String(value)]],
    ),
  );
}
