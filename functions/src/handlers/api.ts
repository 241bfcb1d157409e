import { getRequestListener } from "@hono/node-server";
import type { HttpsFunction } from "firebase-functions/https";
import { deps } from "../deps.ts";
import { createApp } from "../http/app.ts";
import { leaveDomain } from "../platform/leave-domain.ts";

type Handler = Parameters<HttpsFunction>;

let listener: ReturnType<typeof getRequestListener> | undefined;

/** Hands the request to the HTTP API. */
export async function handleApi(request: Handler[0], response: Handler[1]): Promise<void> {
  leaveDomain();
  listener ??= getRequestListener(createApp(deps()).fetch, { overrideGlobalObjects: false });
  // Called at its own address instead of through Hosting, the function's name is cut off the path.
  if (request.url.startsWith("/v1/")) request.url = `/api${request.url}`;
  await listener(request, response);
}
