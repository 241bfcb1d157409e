import { apiKey, registerCaller } from "./harness/caller.ts";
import { compare } from "./harness/compare.ts";
import type { LoadReport } from "./harness/load.ts";
import { type Outside, type RoundTrips, startOutside } from "./harness/outside.ts";
import type { Row, Section } from "./harness/section.ts";
import { inWorld, type World } from "./harness/world.ts";

const amounts = { full: { 1: 150, 16: 1_200 }, quick: { 1: 50, 16: 300 } } as const;
/** The many first, so that everything is compiled when it is the turn of the lone one. */
const concurrencies = [16, 1] as const;

/** Submitted, called, acknowledged, called back, completed: with every part, and who is outside, on this one machine. */
export const roundTrip: Section = {
  name: "round-trip",
  title: "The whole round trip of a task",
  run: (effort) =>
    inWorld((one) =>
      inWorld(async (other) => {
        const outside = await startOutside();
        try {
          const setUps = [
            { name: "three functions", run: await threeFunctions(one, outside.url) },
            { name: "one process", run: await oneProcess(other, outside.url) },
          ];
          const rows: Row[] = [];
          let reached = 0;
          for (const concurrency of concurrencies) {
            const count = amounts[effort][concurrency];
            const contestants = setUps.map(({ name, run }) => ({
              name,
              run: () => run(outside, { apiKey, count, concurrency }),
            }));
            const compared = await compare(contestants, concurrency, effort === "full" ? 5 : 3);
            rows.push(...compared.rows);
            if (concurrency === 16) reached = Math.max(...setUps.map(({ name }) => compared.of("perSecond", name)));
          }
          const goals = [{ what: "round trips a second at 16", at: "least", wanted: 1_000, reached }] as const;
          return { rows, goals, notes };
        } finally {
          await outside.stop();
        }
      }),
    ),
};

const notes = [
  "three functions: on functions-framework, a process each; who is outside brings the orders, as trigger and queue do.",
  "cpuMs: of all functions, or of the one process, for each task; the emulator's own, and that of who is outside, beside it.",
  "one process: the same use cases, a queue in memory, and a read after each commit in the place of its event.",
];

type Run = (outside: Outside, trips: Omit<RoundTrips, "submitUrl" | "dispatchUrl">) => Promise<LoadReport>;

async function threeFunctions(world: World, service: string): Promise<Run> {
  await registerCaller(world.db, service);
  const callback = await world.product("webhookCallback");
  const api = await world.product("api");
  const dispatch = await world.product("dispatchTask", { CALLBACK_BASE_URL: callback.url });
  const urls = { submitUrl: `${api.url}/api/v1/tasks`, dispatchUrl: dispatch.url };
  return (outside, trips) =>
    world.timed([callback, api, dispatch], trips.count, () => outside.run({ ...urls, ...trips }));
}

async function oneProcess(world: World, service: string): Promise<Run> {
  await registerCaller(world.db, service);
  const product = await world.wholeProduct();
  const submitUrl = `${product.url}/tasks`;
  return (outside, trips) => world.timed([product], trips.count, () => outside.run({ submitUrl, ...trips }));
}
