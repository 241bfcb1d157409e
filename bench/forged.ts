import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { compare } from "./harness/compare.ts";
import type { Section } from "./harness/section.ts";
import { inWorld } from "./harness/world.ts";

const concurrency = 16;

/** Somebody calls back who was not asked to. */
export const forged: Section = {
  name: "forged",
  title: "A forged callback is turned away",
  run: (effort) =>
    inWorld(async ({ product, reference, send }) => {
      // In the place of Firestore there is somebody who counts who comes.
      let visits = 0;
      const nobody = createServer((socket) => {
        visits += 1;
        socket.destroy();
      }).listen(0, "127.0.0.1");
      await once(nobody, "listening");
      const address = nobody.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      const checked = await product("webhookCallback", { FIRESTORE_EMULATOR_HOST: `127.0.0.1:${port}` });
      const bare = await reference("bareHandler");
      const requests = Array.from({ length: effort === "full" ? 6_000 : 2_000 }, forgedCallback);
      const contestants = [
        { name: "product", run: () => send(checked, { concurrency, requests }, 401) },
        { name: "bareHandler", run: () => send(bare, { concurrency, requests }, 200) },
      ];
      const { rows, ratio } = await compare(contestants, concurrency, effort === "full" ? 7 : 3);
      nobody.close();
      const goals = [
        {
          what: `requests a second at ${concurrency}, of the bareHandler's`,
          at: "least",
          wanted: 0.7,
          reached: ratio("perSecond", "product", "bareHandler"),
        },
        { what: "connections to Firestore", at: "most", wanted: 0, reached: visits },
      ] as const;
      return { rows, goals };
    }),
};

function forgedCallback() {
  const id = randomUUID();
  return {
    path: `/${id}?token=generic~task~${Date.now().toString(36)}~${randomBytes(32).toString("base64url")}`,
    body: JSON.stringify({ correlationId: id, status: "success", resultUrl: "https://attacker.example.com/a.mp4" }),
  };
}
