import { totalmem } from "node:os";
import { Agent, request } from "undici";
import { commitSize, shardsAtOnce } from "../functions/src/tasks/expire.ts";
import type { Row, Section } from "./harness/section.ts";
import { inWorld, type World } from "./harness/world.ts";

/** Stale entries of a sweep, and others that are not. */
const amounts = {
  full: { stale: 100_000, others: 300_000 },
  quick: { stale: 10_000, others: 50_000 },
} as const;

/** What one of them takes up in the emulator's memory, about. */
const bytesPerEntry = 13_000;
const heapGib = Math.floor((totalmem() / 1_024 ** 3) * 0.7);
/** The function stops after 260 s, and the schedule calls it again. */
const mostCalls = 6;

/** The scheduled function, called as the scheduler calls it, where much is stale, and where much else is not. */
export const expiry: Section = {
  name: "expiry",
  title: "Stale entries expire",
  run: async (effort) => {
    const { stale, others: wanted } = amounts[effort];
    const others = Math.min(wanted, Math.floor((heapGib * 1_024 ** 3) / bytesPerEntry - 2 * stale));
    const [alone, writes] = await inWorld(async (world) => {
      const sweep = await sweeps(world);
      // One that does not count: the emulator compiles itself while it works.
      await sweep(stale / 10);
      return [await sweep(stale), await writesAlone(world, stale / 5)];
    }, heapGib);
    const crowded = await inWorld(async (world) => {
      // Not due while this goes on, however long it takes.
      const later = Date.now() + 7 * 24 * 3_600_000;
      await world.storeTasks(others, { expiresAt: later, sweepAt: later });
      return await (await sweeps(world))(stale);
    }, heapGib);
    const crowd = `${others.toLocaleString("en-US")} others`;
    const perSecond = (seconds: number) => stale / seconds;
    const rows: Row[] = [
      { name: "the writes alone", stale: stale / 5, entriesPerSecond: stale / 5 / writes, seconds: writes },
      { name: "among 0 others", ...alone, entriesPerSecond: perSecond(alone.seconds) },
      { name: `among ${crowd}`, ...crowded, entriesPerSecond: perSecond(crowded.seconds) },
    ];
    return {
      rows,
      goals: [
        { what: "entries a second", at: "least", wanted: 10_000, reached: perSecond(alone.seconds) },
        {
          what: `share that ${crowd} slow it down by`,
          at: "most",
          wanted: 0.1,
          reached: 1 - alone.seconds / crowded.seconds,
        },
      ],
      notes: [
        "the writes alone: the same two writes of each entry, blind, as many in a commit and as many commits at once.",
        "emptySeconds: a sweep that finds nothing, after the other. All of it is the emulator, which looks through every document.",
        `Loaded: ${stale.toLocaleString("en-US")} stale entries, and ${crowd}.`,
      ],
    };
  },
};

interface Sweep {
  readonly stale: number;
  readonly seconds: number;
  /** How long a sweep takes that finds nothing. */
  readonly emptySeconds: number;
}

/** Makes that many entries stale, and then measures how long the function takes to expire them, and to find no more. */
async function sweeps({ product, storeTasks, db }: World) {
  const { url } = await product("expirePendingWebhooks");
  const patient = new Agent({ headersTimeout: 0 });
  const expired = async () =>
    (await db.collection("pendingWebhooks").where("status", "==", "expired").count().get()).data().count;
  const call = async () => {
    const startedAt = performance.now();
    const { statusCode, body } = await request(url, { method: "POST", dispatcher: patient });
    await body.dump();
    if (statusCode !== 200) throw new Error(`The sweep was answered ${statusCode}.`);
    return (performance.now() - startedAt) / 1_000;
  };
  return async (stale: number): Promise<Sweep> => {
    const due = Date.now() - 60_000;
    await storeTasks(stale, { expiresAt: due, sweepAt: due });
    const before = await expired();
    let seconds = 0;
    for (let calls = 0; (await expired()) < before + stale; calls += 1) {
      if (calls === mostCalls) throw new Error(`After ${calls} sweeps there are entries that are stale still.`);
      seconds += await call();
    }
    return { stale, seconds, emptySeconds: await call() };
  };
}

/** How long it takes to write, for as many entries, what the sweep writes: the seconds. */
async function writesAlone({ db, storeTasks }: World, count: number): Promise<number> {
  const ids = await storeTasks(count);
  const startedAt = performance.now();
  const lanes = Array.from({ length: shardsAtOnce }, async () => {
    while (ids.length > 0) {
      const batch = db.batch();
      for (const id of ids.splice(0, commitSize)) {
        const ref = db.collection("pendingWebhooks").doc(id);
        batch.update(ref, { status: "expired", error: "No callback came.", completedAt: new Date() });
        batch.set(ref.collection("outcome").doc("final"), { status: "expired", at: new Date() });
      }
      await batch.commit();
    }
  });
  await Promise.all(lanes);
  return (performance.now() - startedAt) / 1_000;
}
