import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../stack/layout.ts";

/** What the processes of a run print, for whoever looks for the cause of a violation. */
export const logFile = join(cacheFolder, "chaos.log");

/** Notes what `who` printed, with the time. */
export type WriteLog = (who: string, text: string) => void;

/** Begins the log anew. `close` resolves when all of it is in the file. */
export function openLog(): { write: WriteLog; close: () => Promise<void> } {
  mkdirSync(cacheFolder, { recursive: true });
  const stream = createWriteStream(logFile);
  return {
    write: (who, text) => {
      const time = new Date().toISOString().slice(11, 23);
      for (const line of text.split("\n")) if (line !== "") stream.write(`${time} ${who} ${line}\n`);
    },
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}
