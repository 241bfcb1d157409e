// The Functions emulator writes the defaults of all parameters into functions/.env.local and reads them from there ever
// after, so that a default changed later would never be seen. What it added goes away again; what a person wrote stays.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { functionsFolder } from "./layout.ts";

const file = join(functionsFolder, ".env.local");
const mark = "# Below: parameters' defaults, written by the local stack and removed by it.\n";

/** Removes what the emulator added to functions/.env.local, in this run or in one that crashed. */
export function dropWrittenDefaults(): void {
  if (!existsSync(file)) return;
  const own = readFileSync(file, "utf8").split(mark)[0] ?? "";
  if (own) writeFileSync(file, own);
  else rmSync(file);
}

/** Marks the end of what a person wrote, below which the emulator adds the defaults. */
export function markOwnParameters(): void {
  dropWrittenDefaults();
  const own = existsSync(file) ? readFileSync(file, "utf8") : "";
  writeFileSync(file, `${own}${own && !own.endsWith("\n") ? "\n" : ""}${mark}`);
}
