// Loaded into a functions-framework process before everything else (`node --import`). The framework listens on every
// address of the machine and cannot say which port the system gave it; this makes it listen on loopback, and tell.
import { type AddressInfo, Server } from "node:net";

const listen = Server.prototype.listen;

Server.prototype.listen = function (this: Server, _port: unknown, listening?: () => void): Server {
  this.once("listening", () => process.send?.({ port: (this.address() as AddressInfo).port }));
  return Reflect.apply(listen, this, [{ host: "127.0.0.1", port: 0 }, listening]);
} as typeof listen;

process.on("message", () => process.send?.({ bytes: process.resourceUsage().maxRSS * 1_024 }));

// Whoever started this process is gone, however that came: so is its end of the channel.
process.on("disconnect", () => process.exit(0));
