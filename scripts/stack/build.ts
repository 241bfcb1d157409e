import { join } from "node:path";
import { FriendlyError } from "./friendly-error.ts";
import { functionsFolder } from "./layout.ts";
import { runQuietly } from "./run-quietly.ts";

/** Bundles the functions into functions/lib. @throws FriendlyError with the bundler's messages. */
export async function buildFunctions(interruption: AbortSignal): Promise<void> {
  const { ok, output } = await runQuietly(process.execPath, [join(functionsFolder, "build.mjs")], interruption);
  interruption.throwIfAborted();
  if (!ok) throw new FriendlyError(`${output}\nThe functions could not be built: see the messages above.`);
}
