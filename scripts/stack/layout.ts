// Where everything on this machine is: folders, addresses, and the environment in which a client finds them.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** What the local stack writes; not in git. */
export const cacheFolder = join(root, ".cache");
/** Everything that the emulators and the functions printed since the stack was last started. */
export const emulatorLog = join(cacheFolder, "emulators.log");
export const functionsFolder = join(root, "functions");

export const projectId = "demo-boomerang";
/** Exists in the emulator only. */
export const apiKey = "demo-key";

const host = "127.0.0.1";

/** Fixed ports, as in firebase.json, with what listens there. */
export const ports = {
  hosting: { port: 5000, what: "the console and the API (Hosting emulator)" },
  functions: { port: 5001, what: "the Functions emulator" },
  firestore: { port: 8080, what: "the Firestore emulator" },
  firestoreWebsocket: { port: 9150, what: "the Firestore emulator's websocket" },
  auth: { port: 9099, what: "the Auth emulator" },
  storage: { port: 9199, what: "the Storage emulator" },
  tasks: { port: 9499, what: "the Cloud Tasks emulator" },
  eventarc: { port: 9299, what: "the Eventarc emulator" },
  hub: { port: 4400, what: "the emulators' hub" },
  logging: { port: 4500, what: "the emulators' logging service" },
} as const;

/** `host:port` of one emulator. */
export const address = (name: keyof typeof ports): string => `${host}:${ports[name].port}`;
export const hubUrl = `http://${address("hub")}`;
export const consoleUrl = `http://${address("hosting")}`;
export const functionsUrl = `http://${address("functions")}`;
export const firestoreUrl = `http://${address("firestore")}`;

/** What a client of the stack needs in its environment: the emulators' addresses for the SDKs, our URL and key. */
export const clientEnvironment = {
  FIRESTORE_EMULATOR_HOST: address("firestore"),
  FIREBASE_AUTH_EMULATOR_HOST: address("auth"),
  FIREBASE_STORAGE_EMULATOR_HOST: address("storage"),
  CLOUD_TASKS_EMULATOR_HOST: address("tasks"),
  GCLOUD_PROJECT: projectId,
  BOOMERANG_URL: consoleUrl,
  BOOMERANG_API_KEY: apiKey,
};
