// Bundles src/index.ts and its packages for deployment. Every handler that index.ts imports lazily becomes a chunk of its own, so that
// a function loads only its own code, and from few files. Then fills the compile cache (warm-up.ts).
import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { loadLater } from "./load-later.mjs";

// Packages that are CommonJS ask for what Node.js gives such modules.
const commonJsNames = [
  'import { createRequire as createRequireForBundle } from "node:module";',
  "const require = createRequireForBundle(import.meta.url);",
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
];

const out = join(import.meta.dirname, "lib");
await rm(out, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: { index: "src/index.ts", "warm-up": "warm-up.ts" },
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  plugins: [loadLater],
  banner: { js: commonJsNames.join("\n") },
  // Half the size is half the time of reading it. Names stay, so that a stack in the log says where it was.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  sourcemap: "linked",
  sourcesContent: false,
  metafile: true,
  logLevel: "warning",
});
// What is in which file: the tests hold it against the budget of each function.
await writeFile(join(out, "meta.json"), JSON.stringify(metafile));

const { status } = spawnSync(process.execPath, [join(out, "warm-up.js")], { stdio: "inherit" });
process.exit(status ?? 1);
