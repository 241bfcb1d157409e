// Finds the Firestore emulator: firebase-tools' own download, else the Google Cloud CLI's component, else a download.
import { accessSync, constants, existsSync, globSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { crc32 } from "node:zlib";
import { cacheFolder } from "./layout.ts";

/** Where firebase-tools keeps the programs that it downloads. */
const downloadFolder = process.env.FIREBASE_EMULATORS_PATH ?? join(homedir(), ".cache", "firebase", "emulators");

/** The newest file that firebase-tools downloaded earlier, maybe in another version, whose name starts with `prefix`. */
export function downloadedEarlier(prefix: string): string | undefined {
  const release = (file: string) => /-v(\d+(?:\.\d+)*)\.jar$/.exec(file)?.[1] ?? "";
  const byRelease = (a: string, b: string) => release(a).localeCompare(release(b), "en", { numeric: true });
  return globSync(join(downloadFolder, `${prefix}-v*.jar`))
    .sort(byRelease)
    .at(-1);
}

/** Roots of Google Cloud CLI installations, that of the `gcloud` on the PATH first. */
function* cloudSdkRoots(): Generator<string> {
  if (process.env.CLOUDSDK_ROOT_DIR) yield process.env.CLOUDSDK_ROOT_DIR;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const program = join(folder, "gcloud");
    if (folder && existsSync(program)) yield dirname(dirname(realpathSync(program)));
  }
  yield* [
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
  ];
  yield* [
    join(homedir(), "google-cloud-sdk"),
    "/opt/homebrew/share/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
  ];
}

/** A zip archive of one uncompressed file (PKWARE APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16). */
function zip(name: string, content: string): Buffer {
  const nameBytes = Buffer.from(name);
  const data = Buffer.from(content);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(10, 0); // version needed to extract: 1.0
  common.writeUInt32LE(0x00210000, 6); // DOS time and date: 1980-01-01
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(nameBytes.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, nameBytes, data]);
  // Comment length, disk, internal and external attributes, offset of the local header: all zero.
  const central = Buffer.concat([Buffer.from("PK\x01\x02\x0a\x00"), common, Buffer.alloc(14), nameBytes]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

/** Lines of a jar manifest hold 72 bytes at most; a longer one goes on after a space (JAR File Specification). */
function manifestLine(line: string): string {
  const [first = "", ...rest] = line.match(/^.{1,70}|.{1,69}/g) ?? [];
  return [first, ...rest.map((part) => ` ${part}`)].join("\r\n");
}

/** Writes a jar that starts the emulator in `jar`, which has no Main-Class of its own, and returns the new jar's path. */
function writeLauncher(jar: string): string {
  const launcher = join(cacheFolder, "cloud-firestore-emulator-launcher.jar");
  const lines = [
    "Manifest-Version: 1.0",
    "Main-Class: com.google.cloud.datastore.emulator.firestore.CloudFirestore",
    `Class-Path: ${pathToFileURL(jar).href}`,
  ];
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(launcher, zip("META-INF/MANIFEST.MF", `${lines.map(manifestLine).join("\r\n")}\r\n`));
  return launcher;
}

/** The environment that makes firebase-tools use an emulator that is on this machine: empty if it must download one. */
export function firestoreEmulatorEnvironment(): { FIRESTORE_EMULATOR_BINARY_PATH?: string } {
  if (process.env.FIRESTORE_EMULATOR_BINARY_PATH) return {};
  const downloaded = downloadedEarlier("cloud-firestore-emulator");
  if (downloaded) return { FIRESTORE_EMULATOR_BINARY_PATH: downloaded };
  for (const sdk of cloudSdkRoots()) {
    const jar = join(sdk, "platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar");
    try {
      accessSync(jar, constants.R_OK);
      return { FIRESTORE_EMULATOR_BINARY_PATH: writeLauncher(jar) };
    } catch {
      // Not here, or not ours to read: the next place.
    }
  }
  console.log(
    "Neither firebase-tools nor the Google Cloud CLI has the Firestore emulator here: it will be downloaded (130 MB) …",
  );
  return {};
}
