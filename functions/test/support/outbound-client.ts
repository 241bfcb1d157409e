import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import type { AddressInfo } from "node:net";
import { OutboundFailure } from "../../src/platform/outbound-failure.ts";
import { createOutboundHttp, type LookupHost, type OutboundRequest } from "../../src/platform/outbound-http.ts";

export const emulator = { allowInsecure: true, allowedHosts: [] };
export const production = { allowInsecure: false, allowedHosts: [] };
/** In 2000::/3, but in a block that IANA has not handed out: public by every rule, and nobody is there. */
export const PUBLIC_BUT_UNREACHABLE = "2e00::1";

/** What to undo after the running test, last thing first. */
export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** A real server on loopback that counts its TCP connections. */
export async function listen<S extends net.Server>(
  server: S,
): Promise<{ server: S; port: number; connections: () => number }> {
  let count = 0;
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { server, port: (server.address() as AddressInfo).port, connections: () => count };
}

/** An HTTP server on loopback. */
export const serve = (handler: Handler) => listen(http.createServer(handler));

/** The client under test, closed after the test. */
export function client(policy = emulator, lookup?: LookupHost) {
  const send = createOutboundHttp(policy, lookup === undefined ? {} : { lookup });
  cleanups.push(send.close);
  return (request: Partial<OutboundRequest> & { url: string }) =>
    send({ method: "POST", headers: {}, body: "{}", timeoutMs: 5000, maxBodyBytes: 65_536, ...request });
}

/** A resolver that gives one answer after another, the last one for ever, and remembers what it was asked. */
export function answers(...lists: string[][]): LookupHost & { asked: string[] } {
  const asked: string[] = [];
  const lookup = async (hostname: string) => {
    asked.push(hostname);
    return (lists[asked.length - 1] ?? lists.at(-1) ?? []).map((address) => ({ address }));
  };
  return Object.assign(lookup, { asked });
}

/** The failure that a call ends with; an answer or another error fails the test. */
export async function failureOf(sending: Promise<unknown>): Promise<OutboundFailure> {
  const outcome: unknown = await sending.then(
    () => "an answer",
    (error: unknown) => error,
  );
  if (outcome instanceof OutboundFailure) return outcome;
  throw new Error("expected an OutboundFailure", { cause: outcome });
}
