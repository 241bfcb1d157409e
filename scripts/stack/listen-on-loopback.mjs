// Loaded into a functions-framework process before everything else (`node --import`). The framework listens on every
// address of the machine and cannot say which port the system gave it; this makes it listen on loopback, and tell.
// JavaScript, since the start of such a process is measured, and Node.js would load its TypeScript reader for this alone.
import { Server } from "node:net";

const listen = Server.prototype.listen;

Server.prototype.listen = function (_port, listening) {
  this.once("listening", () => process.send?.({ port: this.address().port }));
  return Reflect.apply(listen, this, [{ host: "127.0.0.1", port: 0 }, listening]);
};

// The most memory that the process has held at any time.
process.on("message", (asked) => {
  if (asked === "memory") process.send?.({ bytes: process.resourceUsage().maxRSS * 1_024 });
});

// Whoever started this process is gone, however that came: so is its end of the channel.
process.on("disconnect", () => process.exit(0));
