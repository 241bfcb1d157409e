// Loaded into firebase-tools' process. Its Hosting emulator hands every header on by fetch, which refuses `Expect`; curl sends
// that with every body over 1 MB. So the expectation is met here, and goes no further (RFC 9110, 10.1.1: it is for one hop).
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

subscribe("http.server.request.start", (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  if (request.headers.expect?.toLowerCase() !== "100-continue") return;
  delete request.headers.expect;
  response.writeContinue();
});
