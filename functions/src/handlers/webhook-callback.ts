import type { HttpsFunction } from "firebase-functions/https";
import { type CallbackResponse, receiveCallback, refusal } from "../callbacks/webhook-callback.ts";
import { deps } from "../deps.ts";
import { leaveDomain } from "../platform/leave-domain.ts";
import { cloudLog } from "../platform/log.ts";
import { readBytes, sentHeader } from "../platform/raw-body.ts";

type Handler = Parameters<HttpsFunction>;

/** A service calls back. */
export async function handleCallback(request: Handler[0], response: Handler[1]): Promise<void> {
  leaveDomain();
  const answer = await answerTo(request);
  // Node's own methods: everything that Express's `send` would find out is known here.
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.end(JSON.stringify(answer.body));
}

async function answerTo(request: Handler[0]): Promise<CallbackResponse> {
  const { token } = request.query;
  try {
    return await receiveCallback(deps(), {
      method: request.method,
      path: request.path,
      token: typeof token === "string" ? token : undefined,
      contentType: sentHeader(request, "content-type"),
      contentEncoding: sentHeader(request, "content-encoding"),
      body: (maxBytes) => readBytes(request, maxBytes),
    });
  } catch (error) {
    // A secret that is wrong shows at the first request only.
    return refusal(cloudLog, error);
  }
}
