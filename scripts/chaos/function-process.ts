import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { join } from "node:path";
import { functionsFolder, root } from "../stack/layout.ts";
import type { FunctionName } from "./adversary.ts";

const framework = join(root, "node_modules/@google-cloud/functions-framework/build/src/main.js");
const listenOnLoopback = join(functionsFolder, "test/support/listen-on-loopback.mjs");
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

/** One process of a deployed function on functions-framework, which is what production runs. */
export interface FunctionProcess {
  readonly pid: number;
  /** Rejects where the process dies, or `abandon` is called, before the answer is complete. */
  readonly send: (request: FunctionRequest) => Promise<FunctionAnswer>;
  /** Whoever waits for an answer waits no longer; the process does not notice. */
  readonly abandon: () => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves with what ended it. */
  readonly ended: Promise<string>;
}

/** Starts `name` from the bundle in functions/lib, and resolves when it listens. Rejects where it ends before. */
export async function startFunction(
  name: FunctionName,
  env: Readonly<Record<string, string>>,
  print: (text: string) => void,
): Promise<FunctionProcess> {
  const child = spawn(process.execPath, ["--import", listenOnLoopback, framework, `--source=${functionsFolder}`], {
    env: {
      ...process.env,
      ...env,
      FUNCTION_TARGET: name,
      FUNCTION_SIGNATURE_TYPE: eventFunctions.includes(name) ? "cloudevent" : "http",
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => print(String(text)));
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const port = await Promise.race([listeningPort(child), ended]);
  if (typeof port === "string") throw new Error(`The process of ${name} ended before it listened: ${port}`);
  const agent = new http.Agent({ keepAlive: true });
  const abandoned = new AbortController();
  ended.then(() => agent.destroy());
  return {
    pid: child.pid ?? 0,
    send: (request) => send(request, port, agent, abandoned.signal),
    abandon: () => abandoned.abort(new Error("abandoned")),
    signal: (signal) => child.kill(signal),
    ended,
  };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  const [message] = await once(child, "message");
  return (message as { port: number }).port;
}

function send(request: FunctionRequest, port: number, agent: http.Agent, signal: AbortSignal): Promise<FunctionAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = request;
    const length = method === "GET" ? {} : { "content-length": String(body.length) };
    const outgoing = http.request({
      host: "127.0.0.1",
      port,
      agent,
      signal,
      method,
      path,
      headers: { ...headers, ...length },
    });
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
