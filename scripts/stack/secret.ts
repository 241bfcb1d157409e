import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { functionsFolder } from "./layout.ts";

/**
 * Gives this machine a secret of its own, in the file from which the Functions emulator takes what Secret Manager
 * holds in production. One that is there already is kept.
 */
export function ensureSecret(): void {
  const file = join(functionsFolder, ".secret.local");
  if (existsSync(file)) return;
  writeFileSync(file, `BOOMERANG_SECRET=${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
}
