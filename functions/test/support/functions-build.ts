import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";

export const functionsFolder = join(__dirname, "../..");
const bundle = join(functionsFolder, "lib/index.js");
const lock = join(functionsFolder, "node_modules/.building");
const maxRounds = 300;

/** Makes functions/lib where the sources are newer. Several test files may find it so at once: one makes it, the others wait for that. */
export function buildIfOutOfDate(): void {
  for (let round = 0; isOutOfDate(); round += 1) {
    if (round === maxRounds) throw new Error(`Nobody finished building the functions. Remove ${lock} and try again.`);
    if (!takeLock()) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      continue;
    }
    try {
      const build = spawnSync(process.execPath, [join(functionsFolder, "build.mjs")], { encoding: "utf8" });
      if (build.status !== 0) throw new Error(`The functions could not be built:\n${build.stdout}${build.stderr}`);
    } finally {
      rmdirSync(lock);
    }
  }
}

function isOutOfDate(): boolean {
  const changedAt = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync(join(functionsFolder, "{src/**/*.ts,*.mjs,warm-up.ts}"));
  return Math.max(...sources.map(changedAt)) >= changedAt(bundle);
}

function takeLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}
