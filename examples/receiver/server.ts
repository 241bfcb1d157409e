import { closeOnSignal, portFrom } from "../common/environment.ts";
import { startReceiver } from "./receiver.ts";

const { WEBHOOK_SECRET: secret } = process.env;

const receiver = await startReceiver({ port: portFrom(7002), ...(secret ? { secret } : {}) });
closeOnSignal(receiver.close);
console.log(`The receiver listens on ${receiver.url}`);
