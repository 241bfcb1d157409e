import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { logFolder } from "./children.ts";
import type { Row } from "./section.ts";

/** What of a .cpuprofile is read here (chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile). */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

const leastShare = 0.01;

/** Where a profiled process spent its processor time, by package; the newest profile that the bench has left. */
export function newestProfile(): Row[] {
  const files = globSync(join(logFolder, "*.cpuprofile")).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (files[0] === undefined) return [];
  const { nodes, samples, timeDeltas }: Profile = JSON.parse(readFileSync(files[0], "utf8"));
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]));
  const spent = new Map<string, number>();
  let all = 0;
  for (const [index, id] of samples.entries()) {
    const part = parts.get(id) ?? "";
    if (part === "(idle)") continue;
    const micros = timeDeltas[index] ?? 0;
    spent.set(part, (spent.get(part) ?? 0) + micros);
    all += micros;
  }
  return [...spent]
    .map(([part, micros]) => ({ part, milliseconds: micros / 1_000, share: micros / all }))
    .filter(({ share }) => share >= leastShare)
    .sort((a, b) => b.share - a.share);
}

function partOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
  if (/^\((idle|garbage collector)\)$/.test(functionName)) return functionName;
  if (url === "node:domain" || /async_(hooks|context)/.test(url)) return "Node.js: domain and async hooks";
  if (!url.startsWith("file:")) return "Node.js";
  const file = fileURLToPath(url);
  const mapped = sourceMapOf(file)?.findEntry(lineNumber, columnNumber);
  return packageOf(mapped !== undefined && "originalSource" in mapped ? mapped.originalSource : file);
}

const sourceMaps = new Map<string, SourceMap | undefined>();

function sourceMapOf(file: string): SourceMap | undefined {
  if (!sourceMaps.has(file)) {
    const map = `${file}.map`;
    sourceMaps.set(file, existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, "utf8"))) : undefined);
  }
  return sourceMaps.get(file);
}

function packageOf(source: string): string {
  return /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(source)?.[1]?.replace("\\", "/") ?? "Boomerang";
}
