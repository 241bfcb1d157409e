import { join } from "node:path";
import { type Child, startChild } from "../../scripts/stack/child.ts";
import { cacheFolder } from "../../scripts/stack/layout.ts";

export const logFolder = join(cacheFolder, "bench");

/** The file for what a process prints, so that nobody has to read along while it is measured. */
export const logOf = (name: string): string => join(logFolder, `${name}.log`);

/** Starts a script of this folder in a process of its own; `name` is for messages. It ends with this process. */
export function startScript(name: string, script: string, env: Readonly<Record<string, string>> = {}): Child {
  return startChild(name, process.execPath, [join(import.meta.dirname, `${script}.ts`)], env, logOf(script));
}
