// Bundles src/index.ts for deployment. Every handler that index.ts imports lazily becomes a chunk of its own,
// so that a function loads only its own code. Packages stay in node_modules.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const out = join(import.meta.dirname, "lib");
await rm(out, { recursive: true, force: true });
await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/index.ts"],
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  packages: "external",
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
});
