import { randomUUID } from "node:crypto";
import type { Deps } from "../../functions/src/deps.ts";
import { parseKeys } from "../../functions/src/domain/keys.ts";
import { newIds, storeMany } from "../../functions/test/support/many-tasks.ts";
import { createTestDeps, newSecret } from "../../functions/test/support/test-deps.ts";
import { startFirestore } from "../../scripts/stack/firestore-process.ts";
import { type DocumentData, type Firestore, getFirestore, initializeApp } from "../references/packages.ts";
import { logOf, startScript } from "./children.ts";
import { type Load, type LoadReport, startLoadGenerator } from "./load.ts";
import { processorMs } from "./processor-time.ts";
import { type Runtime, startRuntime } from "./runtime.ts";

const projectId = "demo-bench";

/** What a section works in: an empty Firestore, functions that use it, and somebody who sends requests. */
export interface World {
  readonly db: Firestore;
  /** For what is set up and looked at past the functions. */
  readonly deps: Deps;
  /** Sends requests to a function. @throws FriendlyError where not every answer has the status `expected`. */
  send(to: Runtime, load: Omit<Load, "url">, expected: number): Promise<LoadReport>;
  /** Does something `count` times, and says how much processor time each took: of these functions together, and of the emulator. */
  timed<Report extends object>(
    of: readonly { cpuMs(): number }[],
    count: number,
    run: () => Promise<Report>,
  ): Promise<Report & Pick<LoadReport, "cpuMs" | "emulatorCpuMs">>;
  /** Starts one of the product's functions. */
  product(target: string, env?: Readonly<Record<string, string>>): Promise<Runtime>;
  /** Starts one of those in `references/`. */
  reference(target: string): Promise<Runtime>;
  /** Starts a function that does nothing and loads nothing. */
  bare(env?: Readonly<Record<string, string>>): Promise<Runtime>;
  /** Starts the whole product in one process. */
  wholeProduct(): Promise<Pick<Runtime, "url" | "cpuMs">>;
  /** Starts a server, in a process of its own, that takes every POST at once, and gives its address. */
  service(): Promise<string>;
  /** Stores so many tasks, each just submitted but for what `changes` says, and gives their ids. */
  storeTasks(count: number, changes?: DocumentData): Promise<string[]>;
}

/** Makes a world, lets `work` happen in it, and ends it whatever came of that. `heapGib` is for Firestore. */
export async function inWorld<T>(work: (world: World) => Promise<T>, heapGib = 4): Promise<T> {
  const firestore = await startFirestore(logOf("firestore"), { heapGib });
  const endings: (() => Promise<unknown>)[] = [firestore.stop];
  try {
    const secret = newSecret();
    const env = {
      FIRESTORE_EMULATOR_HOST: firestore.address,
      FUNCTIONS_EMULATOR: "true",
      GCLOUD_PROJECT: projectId,
      GOOGLE_CLOUD_PROJECT: projectId,
      FIREBASE_CONFIG: JSON.stringify({ projectId }),
      METADATA_SERVER_DETECTION: "none",
      BOOMERANG_SECRET: secret,
      // One caller sends everything.
      REQUESTS_PER_MINUTE: "1000000",
    };
    Object.assign(process.env, env);
    const db = getFirestore(initializeApp({ projectId }, randomUUID()));
    endings.push(() => db.terminate());
    const deps = createTestDeps(db, { keys: parseKeys(secret) }, env);
    const load = await startLoadGenerator();
    endings.push(() => load.stop());
    const start = async (...args: Parameters<typeof startRuntime>) => {
      const runtime = await startRuntime(...args);
      endings.push(runtime.stop);
      return runtime;
    };
    const serve = async (script: string) => {
      const child = startScript(script, script, { ...env, NODE_ENV: "production" });
      endings.push(child.stop);
      const { port } = await child.hear<{ port: number }>();
      return { url: `http://127.0.0.1:${port}`, cpuMs: () => processorMs(child.pid) };
    };
    const timed: World["timed"] = async (of, count, run) => {
      const spent = () => of.reduce((sum, { cpuMs }) => sum + cpuMs(), 0);
      const [before, emulatorBefore] = [spent(), processorMs(firestore.pid)];
      const report = await run();
      const emulatorCpuMs = (processorMs(firestore.pid) - emulatorBefore) / count;
      return { ...report, cpuMs: (spent() - before) / count, emulatorCpuMs };
    };
    return await work({
      db,
      deps,
      timed,
      send: (to, requests, expected) =>
        timed([to], requests.requests.length, () => load.send({ ...requests, url: to.url }, expected)),
      product: (target, more = {}) => start("product", target, { ...env, ...more }),
      reference: (target) => start("reference", target, env),
      bare: (more = {}) => start("bare", "bareStart", { ...env, ...more }),
      wholeProduct: () => serve("one-process"),
      service: async () => (await serve("service-process")).url,
      storeTasks: async (count, changes = {}) => {
        const ids = newIds(count);
        // Several at once: the client packs one while the database unpacks another.
        const part = Math.ceil(count / 4);
        await Promise.all([0, 1, 2, 3].map((n) => storeMany(deps, ids.slice(n * part, (n + 1) * part), changes)));
        return ids;
      },
    });
  } finally {
    for (const end of endings.reverse()) await end();
  }
}
