import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseKeys } from "../../functions/src/domain/keys.ts";
import { functionsFolder } from "../stack/layout.ts";
import type { World } from "./world.ts";

interface Registration {
  readonly url: string;
  readonly mode?: "callback" | "sync";
  /** Standard Webhooks secret that signs Boomerang's calls to the service. */
  readonly secret?: string;
}

/** Registers an external service as an operator's script may, by its document; the secret is stored encrypted. */
export async function registerService(
  { db }: World,
  name: string,
  { url, mode = "callback", secret }: Registration,
): Promise<void> {
  const now = new Date();
  await db.doc(`services/${name}`).set({
    name,
    provider: "generic",
    url,
    mode,
    sealedSecret: secret === undefined ? null : stackKeys().seal(secret),
    createdAt: now,
    updatedAt: now,
  });
}

/** The keys of this machine's stack, which `scripts/stack/secret.ts` made. */
function stackKeys() {
  const line = readFileSync(join(functionsFolder, ".secret.local"), "utf8");
  return parseKeys(/^BOOMERANG_SECRET=(.*)$/m.exec(line)?.[1]);
}
