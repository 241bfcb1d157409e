import { apiKey, registerCaller } from "./harness/caller.ts";
import { compare } from "./harness/compare.ts";
import { type RoundTrips, startOutside } from "./harness/outside.ts";
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
            { name: "three functions", ...(await threeFunctions(one, outside.url)) },
            { name: "one process", ...(await oneProcess(other, outside.url)) },
          ];
          const rows: Row[] = [];
          let reached = 0;
          for (const concurrency of concurrencies) {
            const count = amounts[effort][concurrency];
            const contestants = setUps.map(({ name, ...urls }) => ({
              name,
              run: () => outside.run({ ...urls, apiKey, count, concurrency }),
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
  "one process: the same use cases, a queue in memory, and a read after each commit in the place of its event.",
];

type Urls = Pick<RoundTrips, "submitUrl" | "dispatchUrl">;

async function threeFunctions(world: World, service: string): Promise<Urls> {
  await registerCaller(world.db, service);
  const callback = await world.product("webhookCallback");
  const api = await world.product("api");
  const dispatch = await world.product("dispatchTask", { CALLBACK_BASE_URL: callback.url });
  return { submitUrl: `${api.url}/api/v1/tasks`, dispatchUrl: dispatch.url };
}

async function oneProcess(world: World, service: string): Promise<Urls> {
  await registerCaller(world.db, service);
  return { submitUrl: `${await world.wholeProduct()}/tasks` };
}
