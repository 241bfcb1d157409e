// Entry of every npm script: installs what is missing, then hands over to scripts/main.ts under Node 24.
// Plain JavaScript for any Node >= 18, with no package needed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";
const binFolder = join(root, "node_modules", ".bin");

/** The environment in which `folder` comes first on the PATH. */
const withPath = (folder) => ({ ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ""}` });

/** Runs npm with the Node found first on `env.PATH`. Its output is shown only when it fails. */
function npm(args, cwd, env, what) {
  const started = Date.now();
  process.stdout.write(`${what} …\n`);
  const result = spawnSync("npm", [...args, "--no-audit", "--no-fund", "--no-update-notifier"], {
    cwd,
    env,
    encoding: "utf8",
    shell: windows,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) {
    process.stdout.write(`${what}: done in ${Math.round((Date.now() - started) / 1000)} s\n`);
    return;
  }
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  const reason = result.error ? result.error.message : `npm ended with ${result.signal ?? `code ${result.status}`}`;
  process.stderr.write(
    `\n${what} failed (${reason}): see npm's message above, and check the connection to the registry.\n`,
  );
  process.exit(1);
}

/**
 * True when node_modules of `folder` holds what its package-lock.json names, by npm's own record of what it installed.
 * Optional packages may be missing, as most are for other platforms.
 */
function isInstalled(folder) {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const [wanted, present] = [join(folder, "package-lock.json"), record].map(
    (file) => JSON.parse(readFileSync(file, "utf8")).packages,
  );
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || (path in present ? present[path].version === entry.version : entry.optional),
  );
}

/**
 * The PATH entry of a Node new enough to run npm. An npm under an older Node silently leaves out optional packages
 * that ask for a newer one, so Node itself is fetched first, alone, where the host's is too old.
 */
function nodeForNpm() {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.node;
  if (Number(process.versions.node.split(".")[0]) >= Number(wanted.split(".")[0])) return undefined;
  const folder = join(root, ".cache", `node-${wanted}`);
  const bin = join(folder, "node_modules", ".bin");
  if (!existsSync(join(bin, "node"))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ private: true, dependencies: { node: wanted }, allowScripts: { [`node@${wanted}`]: true } }),
    );
    npm(["install", "--no-package-lock"], folder, process.env, `Installing Node.js ${wanted}`);
  }
  return bin;
}

if (!isInstalled(root)) {
  const bin = nodeForNpm();
  npm(["ci"], root, bin ? withPath(bin) : process.env, "Installing the tools (npm ci)");
}
const functions = join(root, "functions");
// An optional dependency of firebase-admin, which an install under an older Node leaves out.
const firestoreClient = join(functions, "node_modules", "@google-cloud", "firestore");
if (!isInstalled(functions) || !existsSync(firestoreClient)) {
  npm(["ci"], functions, withPath(binFolder), "Installing the functions' packages (npm ci)");
}

const node = join(binFolder, windows ? "node.exe" : "node");
if (!existsSync(node)) {
  process.stderr.write(
    `${node} is missing: the npm package "node" did not install; delete node_modules and try again.\n`,
  );
  process.exit(1);
}
const child = spawn(node, [join(root, "scripts", "main.ts"), ...process.argv.slice(2)], {
  cwd: process.cwd(),
  env: withPath(binFolder),
  stdio: "inherit",
});
// A terminal signals the whole group, everybody else only this process: main.ts takes a quick repetition for one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// npm passes a SIGTERM on to its shell only, which ends without passing it to us.
const parent = process.ppid;
if (process.env.npm_lifecycle_event) {
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
}
child.on("error", (error) => {
  process.stderr.write(`${node} cannot be started: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
