// Finds a Java that the Firestore emulator runs on. A machine may have an older default and a newer one beside it.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { FriendlyError } from "./friendly-error.ts";

const minimum = 21;

/** Feature release of a Java version string: "25.0.1" is 25, "1.8.0_292" is 8. */
function featureRelease(version: string): number {
  const [first, second] = version.split(/[._-]/);
  return Number(first === "1" ? second : first);
}

/** Feature release of the Java in `home`, read from its `release` file or asked from the program; 0 if none works. */
function releaseOf(home: string): number {
  const program = join(home, "bin", "java");
  if (!existsSync(program)) return 0;
  const releaseFile = join(home, "release");
  const stated = existsSync(releaseFile) && /^JAVA_VERSION="([^"]+)"/m.exec(readFileSync(releaseFile, "utf8"))?.[1];
  if (stated) return featureRelease(stated);
  const asked = spawnSync(program, ["-version"], { encoding: "utf8" });
  const printed = /version "([^"]+)"/.exec(asked.stderr ?? "")?.[1];
  return asked.status === 0 && printed ? featureRelease(printed) : 0;
}

/** Java homes on this machine, those that the user chose first. */
function* candidates(): Generator<string> {
  if (process.env.JAVA_HOME) yield process.env.JAVA_HOME;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const program = join(folder, "java");
    if (folder && existsSync(program)) yield dirname(dirname(realpathSync(program)));
  }
  const home = homedir();
  yield* globSync([
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/*",
    "/opt/java/*",
    "/usr/local/openjdk-*",
    join(home, ".sdkman/candidates/java/*"),
    join(home, ".jdks/*"),
    join(home, ".asdf/installs/java/*"),
    join(home, ".local/share/mise/installs/java/*"),
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/home/linuxbrew/.linuxbrew/opt/openjdk*/libexec",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    join(home, "Library/Java/JavaVirtualMachines/*/Contents/Home"),
  ]);
}

function find(): string | undefined {
  for (const home of candidates()) if (releaseOf(home) >= minimum) return home;
  return undefined;
}

/** Installs the oldest sufficient OpenJDK that this Debian offers. Only as root, only where there is apt-get. */
function installWithApt(): void {
  const apt = (...args: string[]) =>
    spawnSync(args[0] ?? "", args.slice(1), {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  if (process.getuid?.() !== 0 || apt("apt-get", "--version").status !== 0) return;
  console.log(`Looking for a Java ${minimum} or newer to install …`);
  apt("apt-get", "update");
  const offered = apt("apt-cache", "search", "--names-only", "^openjdk-[0-9]+-jre-headless$").stdout ?? "";
  const releases = [...offered.matchAll(/^openjdk-(\d+)-/gm)].map((match) => Number(match[1]));
  const release = releases.filter((number) => number >= minimum).sort((a, b) => a - b)[0];
  if (release === undefined) return;
  console.log(`Installing openjdk-${release}-jre-headless …`);
  apt("apt-get", "install", "-y", "--no-install-recommends", `openjdk-${release}-jre-headless`);
}

/** Home of a Java that is new enough. @throws FriendlyError where there is none and none can be installed. */
export function findJava(): string {
  const found = find();
  if (found) return found;
  installWithApt();
  const installed = find();
  if (installed) return installed;
  throw new FriendlyError(
    `The Firestore emulator needs Java ${minimum} or newer and none was found: install one (on Debian or Ubuntu ` +
      `"apt install openjdk-${minimum}-jre-headless", on macOS "brew install openjdk", or from https://adoptium.net), ` +
      "or set JAVA_HOME to it.",
  );
}
