import { closeOnSignal, numberFrom, portFrom } from "../common/environment.ts";
import { startPictureService } from "./picture-service.ts";

const { SERVICE_SECRET: secret, SERVICE_AUTH: auth } = process.env;

const service = await startPictureService({
  port: portFrom(7001),
  stageSeconds: numberFrom("STAGE_SECONDS", 1, { min: 0, max: 60 }),
  ...(secret ? { secret } : {}),
  ...(auth ? { auth } : {}),
});
closeOnSignal(service.close);
console.log(`The picture service listens on ${service.url}`);
