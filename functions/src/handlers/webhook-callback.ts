import type { HttpsFunction } from "firebase-functions/https";
import { receiveCallback } from "../callbacks/webhook-callback.ts";
import { deps } from "../deps.ts";
import { sentHeader } from "../platform/raw-body.ts";

type Handler = Parameters<HttpsFunction>;

/** A service calls back. */
export async function handleCallback(request: Handler[0], response: Handler[1]): Promise<void> {
  const { token } = request.query;
  const answer = await receiveCallback(deps(), {
    method: request.method,
    path: request.path,
    token: typeof token === "string" ? token : undefined,
    contentType: sentHeader(request, "content-type"),
    body: request.rawBody ?? Buffer.alloc(0),
  });
  response.status(answer.status).set(answer.headers).send(JSON.stringify(answer.body));
}
