import { compare } from "./harness/compare.ts";
import type { Section } from "./harness/section.ts";
import { inWorld, type World } from "./harness/world.ts";

/** Stale entries of each sweep, all others, and sweeps. A larger number of others does not fit into the emulator's memory or the time. */
const amounts = {
  full: { stale: 100_000, others: 100_000, rounds: 1, heapGib: 8 },
  quick: { stale: 10_000, others: 50_000, rounds: 2, heapGib: 6 },
} as const;

/** The scheduled function, called as the scheduler calls it, where much is stale, and where much else is not. */
export const expiry: Section = {
  name: "expiry",
  title: "Stale entries expire",
  run: (effort) => {
    const { stale, others, rounds, heapGib } = amounts[effort];
    return inWorld(
      (alone) =>
        inWorld(async (crowded) => {
          // Not due while this goes on, however long it takes.
          const later = Date.now() + 7 * 24 * 3_600_000;
          await crowded.storeTasks(others, { expiresAt: later, sweepAt: later });
          const names = { alone: "among 0 others", crowded: `among ${others.toLocaleString("en-US")} others` };
          const contestants = [
            { name: names.alone, run: await sweeps(alone, stale) },
            { name: names.crowded, run: await sweeps(crowded, stale) },
          ];
          const { of, ratio } = await compare(contestants, 1, rounds);
          const rows = Object.values(names).map((name) => ({
            stale,
            name,
            entriesPerSecond: of("perSecond", name),
            seconds: of("p50Ms", name) / 1_000,
          }));
          const slower = 1 - ratio("perSecond", names.crowded, names.alone);
          return {
            rows,
            goals: [
              { what: "entries a second", at: "least", wanted: 10_000, reached: of("perSecond", names.alone) },
              {
                what: `share that ${others.toLocaleString("en-US")} others slow it down by`,
                at: "most",
                wanted: 0.1,
                reached: slower,
              },
            ],
            notes: [`Loaded: ${stale.toLocaleString("en-US")} stale entries before each sweep.`],
          };
        }, heapGib),
      heapGib / 2,
    );
  },
};

/** Makes that many entries stale, and then measures how long the function takes to expire them. */
async function sweeps({ product, storeTasks, db }: World, stale: number) {
  const { url } = await product("expirePendingWebhooks");
  const expired = async () =>
    (await db.collection("pendingWebhooks").where("status", "==", "expired").count().get()).data().count;
  return async () => {
    const due = Date.now() - 60_000;
    await storeTasks(stale, { expiresAt: due, sweepAt: due });
    const before = await expired();
    const startedAt = performance.now();
    const { status } = await fetch(url, { method: "POST" });
    const ms = performance.now() - startedAt;
    const done = (await expired()) - before;
    if (status !== 200 || done !== stale) {
      throw new Error(`The sweep was answered ${status}, and expired ${done} of ${stale} entries.`);
    }
    return { seconds: ms / 1_000, perSecond: stale / (ms / 1_000), p50Ms: ms, p99Ms: ms, statuses: { 200: 1 } };
  };
}
