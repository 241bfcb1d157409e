import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildIfOutOfDate, functionsFolder } from "../support/functions-build.ts";

/** What esbuild says of the bundle (esbuild.github.io/api/#metafile). */
interface Meta {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number;
        readonly entryPoint?: string;
        readonly imports: readonly { readonly path: string; readonly kind: string }[];
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
      }
    >
  >;
}

/**
 * What a new instance of each function may load until it answers: modules of ours and of packages, and the size of the files that they
 * are bundled in. Nearly all of it is Firestore's client. Where a function outgrows this, look at what it imports first
 * (functions/lib/meta.json, esbuild.github.io/analyze); raise the number only for what the function cannot do without.
 */
const budget: Record<string, { readonly modules: number; readonly kib: number }> = {
  api: { modules: 925, kib: 5_400 },
  "submit-task": { modules: 815, kib: 5_200 },
  "start-task": { modules: 815, kib: 5_200 },
  "on-pending-webhook": { modules: 720, kib: 4_610 },
  "dispatch-task": { modules: 825, kib: 5_200 },
  "on-event": { modules: 705, kib: 4_590 },
  "deliver-webhook": { modules: 840, kib: 5_210 },
  "webhook-callback": { modules: 825, kib: 5_200 },
  "expire-pending-webhooks": { modules: 720, kib: 4_610 },
};

/** Of all files together, those that few requests need among them. */
const wholeBundleKib = 6_110;

let meta: Meta;
beforeAll(() => {
  buildIfOutOfDate();
  meta = JSON.parse(readFileSync(join(functionsFolder, "lib/meta.json"), "utf8"));
});

const kibOf = (files: readonly string[]) =>
  files.reduce((sum, file) => sum + (meta.outputs[file]?.bytes ?? 0), 0) / 1_024;

/** The files that are loaded with an entry point's, whatever it imports later not among them. */
function loadedWith(entryPoint: string, seen = new Set<string>()): Set<string> {
  const [first] = Object.entries(meta.outputs).find(([, output]) => output.entryPoint === entryPoint) ?? [];
  const waiting = [first ?? `nothing is made of ${entryPoint}`];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const imports = meta.outputs[file]?.imports ?? [];
    waiting.push(
      ...imports
        .filter(({ kind, path }) => kind === "import-statement" && path in meta.outputs)
        .map(({ path }) => path),
    );
  }
  return seen;
}

function loadedBy(handler: string): { readonly files: string[]; readonly modules: string[] } {
  const files = [...loadedWith(`src/handlers/${handler}.ts`, loadedWith("src/index.ts"))];
  return { files, modules: files.flatMap((file) => Object.keys(meta.outputs[file]?.inputs ?? {})) };
}

const handlers = Object.keys(budget);

test("every function has a budget", () => {
  const entryPoints = Object.values(meta.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const made = entryPoints.flatMap((path) => /^src\/handlers\/(.+)\.ts$/.exec(path)?.[1] ?? []);
  expect(made.sort()).toEqual([...handlers].sort());
});

test.each(handlers)("%s loads no more than it may", (handler) => {
  const { files, modules } = loadedBy(handler);
  const { modules: mostModules = 0, kib: mostKib = 0 } = budget[handler] ?? {};
  expect(modules.length).toBeLessThanOrEqual(mostModules);
  expect(kibOf(files)).toBeLessThanOrEqual(mostKib);
  // A budget that nobody comes near says nothing.
  expect(modules.length).toBeGreaterThan(mostModules * 0.97);
  expect(kibOf(files)).toBeGreaterThan(mostKib * 0.97);
});

test("what few requests need is loaded when one does", () => {
  const packages = (handler: string) =>
    loadedBy(handler).modules.map((path) => /node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  for (const handler of handlers) {
    expect(packages(handler)).not.toContain("@google-cloud/storage");
    expect(packages(handler)).not.toContain("zod-openapi");
    expect(packages(handler).includes("hono")).toBe(handler === "api");
  }
  for (const handler of ["on-pending-webhook", "on-event", "expire-pending-webhooks"]) {
    expect(packages(handler)).not.toContain("zod");
  }
});

test("the parts that wait until somebody asks for them are still there to be put off", () => {
  const inputs = Object.keys(meta.inputs);
  for (const part of ["load-later:firebase-admin/auth", "load-later:firebase-admin/app-check"]) {
    expect(inputs).toContain(part);
  }
  expect(inputs.filter((path) => path.endsWith("google-gax/build/src/locationService.js?now"))).toHaveLength(1);
});

test("all that is deployed is no larger than it may be", () => {
  const files = Object.keys(meta.outputs).filter((file) => file.endsWith(".js"));
  expect(kibOf(files)).toBeLessThanOrEqual(wholeBundleKib);
});
