import { getRequestListener } from "@hono/node-server";
import type { HttpsFunction } from "firebase-functions/https";
import { deps } from "../deps.ts";
import { createApp } from "../http/app.ts";
import { leaveDomain } from "../platform/leave-domain.ts";
import { sentHeader } from "../platform/raw-body.ts";

type Handler = Parameters<HttpsFunction>;

let listener: ReturnType<typeof getRequestListener> | undefined;

/** Hands the request to the HTTP API. */
export async function handleApi(request: Handler[0], response: Handler[1]): Promise<void> {
  leaveDomain();
  listener ??= getRequestListener(createApp(deps()).fetch, { overrideGlobalObjects: false });
  request.url = atHosting(request.url);
  // Taken away while the runtime read the body (platform/raw-body.ts).
  const encoding = sentHeader(request, "content-encoding");
  if (encoding !== undefined) request.headers["content-encoding"] = encoding;
  await listener(request, response);
}

/**
 * The path as Hosting has it. Called at its own address, the function's name is cut off: `/v1/tasks` stands for `/api/v1/tasks`. Only
 * `/predict` and `/webhooks/{id}/status` lie outside of `/api`.
 */
function atHosting(url: string): string {
  return /^\/(api(\/|$)|predict\/?(\?|$)|webhooks\/[^/?]+\/status\/?(\?|$))/.test(url) ? url : `/api${url}`;
}
