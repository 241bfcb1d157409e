// An external service, or a subscriber, that takes every POST at once.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(202, { "content-type": "application/json" }).end('{"status":"accepted"}');
});

// Nobody who keeps a connection for the next round finds it closed.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));
