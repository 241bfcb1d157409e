import { tokenFor } from "../functions/test/support/callbacks.ts";
import { type Comparison, compare } from "./harness/compare.ts";
import type { LoadRequest } from "./harness/load.ts";
import type { Goal, Row, Section } from "./harness/section.ts";
import { inWorld, type World } from "./harness/world.ts";

/** Requests a round, by how many are under way at once. */
const amounts = { full: { 1: 400, 16: 1_600, 64: 2_400 }, quick: { 1: 150, 16: 600, 64: 900 } } as const;
/** The many first: when it is the turn of the lone one, everything has been compiled that will be. */
const concurrencies = [64, 16, 1] as const;
const references = ["bareHandler", "bareCommit", "transaction"] as const;

/** A service calls back: the whole of `webhookCallback` against three handlers that do less. */
export const callback: Section = {
  name: "callback",
  title: "A callback is taken",
  run: (effort) =>
    inWorld(async (world) => {
      const product = await world.product("webhookCallback");
      const others = await Promise.all(references.map(async (name) => ({ name, to: await world.reference(name) })));
      const rows: Row[] = [];
      const goals: Goal[] = [];
      for (const concurrency of concurrencies) {
        const contestants = [{ name: "product", to: product }, ...others].map(({ name, to }) => ({
          name,
          run: async () => {
            const requests = await callbacks(world, amounts[effort][concurrency]);
            return await world.send(to, { concurrency, requests }, 200);
          },
        }));
        const compared = await compare(contestants, concurrency, effort === "full" ? 5 : 3);
        rows.push(...compared.rows);
        goals.push(...goalsAt(concurrency, compared));
      }
      return { rows, goals };
    }),
};

function goalsAt(concurrency: number, { ratio }: Comparison): Goal[] {
  if (concurrency === 1) {
    const reached = ratio("p50Ms", "product", "transaction");
    return [{ what: "p50 at 1, of the transaction's", at: "most", wanted: 1 / 3, reached }];
  }
  const throughput = (reference: string, wanted: number): Goal => ({
    what: `requests a second at ${concurrency}, of the ${reference}'s`,
    at: "least",
    wanted,
    reached: ratio("perSecond", "product", reference),
  });
  return concurrency === 16
    ? [throughput("transaction", 1.6), throughput("bareCommit", 1)]
    : [throughput("bareCommit", 1.5)];
}

/** That many callbacks, each for a task of its own that waits for it. */
export async function callbacks({ storeTasks, deps }: World, count: number): Promise<LoadRequest[]> {
  return (await storeTasks(count)).map((id) => ({
    path: `/${id}?token=${tokenFor(deps.keys, id)}`,
    body: JSON.stringify({
      correlationId: id,
      status: "success",
      resultUrl: `https://cdn.example.com/videos/${id}.mp4`,
      metadata: { durationSeconds: 12.5, width: 1_920, height: 1_080 },
    }),
  }));
}
