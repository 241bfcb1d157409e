import http from "node:http";
import { type FunctionProcess, startFunction } from "../stack/function-process.ts";
import type { FunctionName } from "./adversary.ts";

const eventFunctions: readonly FunctionName[] = ["startTask", "onPendingWebhook", "onEvent"];

/** A request to a function. */
export interface FunctionRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface FunctionAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One process of a deployed function, which gets requests and can be given up. */
export interface FunctionInstance extends Pick<FunctionProcess, "signal" | "ended"> {
  /** Rejects where the process dies, or `abandon` is called, before the answer is complete. */
  readonly send: (request: FunctionRequest) => Promise<FunctionAnswer>;
  /** Whoever waits for an answer waits no longer; the process does not notice. */
  readonly abandon: () => void;
}

/** Starts `name` from the bundle in functions/lib, and resolves when it listens. Rejects where it ends before. */
export async function startInstance(
  name: FunctionName,
  env: Readonly<Record<string, string>>,
  print: (text: string) => void,
): Promise<FunctionInstance> {
  const signature = eventFunctions.includes(name) ? "cloudevent" : "http";
  const { url, signal, ended } = await startFunction(name, { ...env, FUNCTION_SIGNATURE_TYPE: signature }, print);
  const agent = new http.Agent({ keepAlive: true });
  const abandoned = new AbortController();
  ended.then(() => agent.destroy());
  return {
    send: (request) => send(request, url, agent, abandoned.signal),
    abandon: () => abandoned.abort(new Error("abandoned")),
    signal,
    ended,
  };
}

function send(request: FunctionRequest, url: string, agent: http.Agent, signal: AbortSignal): Promise<FunctionAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = request;
    const length = method === "GET" ? {} : { "content-length": String(body.length) };
    const outgoing = http.request(url, { agent, signal, method, path, headers: { ...headers, ...length } });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.end(body);
  });
}
