// An external service, or a subscriber: takes every POST at once. Where the body names a callbackUrl and the path is /work, it
// calls back at once, too.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { Agent, request } from "undici";

const agent = new Agent({ connections: 64, pipelining: 1 });

const server = createServer(async (incoming, response) => {
  const work = incoming.url === "/work" ? ((await json(incoming)) as Record<string, string>) : undefined;
  if (work === undefined) incoming.resume();
  response.writeHead(202, { "content-type": "application/json" }).end('{"status":"accepted"}');
  if (work !== undefined) await callBack(work);
});

async function callBack({ callbackUrl = "", correlationId = "" }: Record<string, string>): Promise<void> {
  const { statusCode, body } = await request(callbackUrl, {
    dispatcher: agent,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      correlationId,
      status: "success",
      resultUrl: `https://cdn.example.com/videos/${correlationId}.mp4`,
    }),
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`A callback was answered ${statusCode}.`);
}

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));
