import { once } from "node:events";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { type CallbackResponse, receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import type { Deps } from "../../src/deps.ts";
import { callbackToken } from "../../src/domain/callback-token.ts";
import type { Keys } from "../../src/domain/keys.ts";
import { type LateCallback, pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";

/** A valid token for the callback of that task, as if it was submitted at `createdAt` (milliseconds since 1970). */
export function tokenFor(keys: Keys, correlationId: string, createdAt = 1_700_000_000_000): string {
  return callbackToken(keys, { correlationId, provider: "generic", eventPrefix: "task", createdAt });
}

/** What the service of that task calls back with, without HTTP in between; the correlation id is filled in. */
export async function callBack(deps: Deps, id: string, report: object): Promise<CallbackResponse> {
  return await callBackRaw(deps, id, JSON.stringify({ correlationId: id, ...report }));
}

/** The same with a body as it stands, to the character. */
export async function callBackRaw(deps: Deps, id: string, body: string): Promise<CallbackResponse> {
  return await receiveCallback(deps, {
    method: "POST",
    path: `/${id}`,
    token: tokenFor(deps.keys, id, deps.now()),
    contentType: "application/json",
    body: Buffer.from(body),
  });
}

/** The callbacks that contradicted the outcome, as they are kept for the operator. */
export async function keptCallbacks(deps: Deps, id: string): Promise<LateCallback[]> {
  const { docs } = await pendingWebhookRef(deps.db, id).collection("callbacks").get();
  return docs.map((doc) => doc.data() as LateCallback);
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One HTTP request, with exactly the path, headers and bytes that are given. */
export async function sendHttp(
  url: string,
  path: string,
  parts: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
): Promise<HttpAnswer> {
  const call = request(url, { method: parts.method ?? "POST", path, headers: parts.headers, agent: false });
  call.end(parts.body);
  const [response] = await once(call, "response");
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}
