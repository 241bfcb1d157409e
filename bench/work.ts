import { subscribed } from "../functions/test/support/subscribers.ts";
import { apiKey, registerCaller } from "./harness/caller.ts";
import { type Contestant, compare } from "./harness/compare.ts";
import type { LoadRequest } from "./harness/load.ts";
import type { Goal, Row, Section } from "./harness/section.ts";
import { inWorld, type World } from "./harness/world.ts";
import { Timestamp } from "./references/packages.ts";

const amounts = { full: { 1: 300, 16: 1_200 }, quick: { 1: 100, 16: 400 } } as const;
/** The many first, so that everything is compiled when it is the turn of the lone one. */
const concurrencies = [16, 1] as const;

/** One kind of work: what the product does, and the bare commits and requests that it is made of. */
interface Kind {
  readonly name: string;
  readonly target: string;
  readonly reference: string;
  /** The status with which the product answers, and the reference. */
  readonly statuses: readonly [number, number];
  /** Sets up what a round's requests need, and says how to make those of one round. */
  prepare(world: World, service: string): Promise<(count: number) => Promise<LoadRequest[]>>;
  referenceRequests(service: string, count: number): LoadRequest[];
}

const prompt = "A lighthouse at dusk, painted in the manner of the old masters";

const submission: Kind = {
  name: "submission",
  target: "api",
  reference: "bareCreate",
  statuses: [202, 202],
  async prepare({ db }, service) {
    await registerCaller(db, service);
    const body = JSON.stringify({ service: "bench", prompt, metadata: { order: 7 } });
    const headers = { "x-api-key": apiKey };
    return async (count) => Array.from({ length: count }, () => ({ path: "/api/v1/tasks", headers, body }));
  },
  referenceRequests: (service, count) =>
    Array.from({ length: count }, () => ({
      path: "/",
      body: JSON.stringify({ url: service, prompt, metadata: { order: 7 } }),
    })),
};

const dispatch: Kind = {
  name: "dispatch",
  target: "dispatchTask",
  reference: "barePost",
  statuses: [204, 204],
  prepare: async ({ storeTasks }, service) => {
    return async (count) => {
      const ids = await storeTasks(count, { webhookUrl: service, prompt });
      return ids.map((correlationId) => ({ path: "/", body: JSON.stringify({ data: { correlationId, attempt: 1 } }) }));
    };
  },
  referenceRequests: barePosts,
};

const delivery: Kind = {
  name: "delivery",
  target: "deliverWebhook",
  reference: "barePost",
  statuses: [204, 204],
  async prepare({ storeTasks, deps }, service) {
    // A webhook gets 1,000 an hour; so many get each its share of all rounds.
    const hooks = await Promise.all(Array.from({ length: 10 }, () => subscribed(deps, { url: service })));
    return async (count) => {
      const at = Timestamp.fromMillis(deps.now());
      const history = [{ seq: 5, type: "task.completed", at, status: "completed" }];
      const ids = await storeTasks(count, { status: "completed", completedAt: at, history });
      return ids.map((task, index) => {
        const webhookId = hooks[index % hooks.length]?.id;
        const deliver = { source: { task, seq: 5 }, webhookId, attempt: 1 };
        return { path: "/", body: JSON.stringify({ data: { deliver } }) };
      });
    };
  },
  referenceRequests: barePosts,
};

function barePosts(service: string, count: number): LoadRequest[] {
  return Array.from({ length: count }, () => {
    const id = crypto.randomUUID();
    return { path: "/", body: JSON.stringify({ data: { id, url: service, body: { id, prompt } } }) };
  });
}

/** The other three things that the product does all the time. */
export const work: Section = {
  name: "work",
  title: "Submission, dispatch and delivery",
  run: async (effort) => {
    const rows: Row[] = [];
    const goals: Goal[] = [];
    for (const kind of [submission, dispatch, delivery]) {
      await inWorld(async (world) => {
        const service = await world.service();
        const product = await world.product(kind.target);
        const reference = await world.reference(kind.reference);
        const requestsOf = await kind.prepare(world, service);
        for (const concurrency of concurrencies) {
          const count = amounts[effort][concurrency];
          const contestants: Contestant[] = [
            {
              name: kind.name,
              run: async () =>
                await world.send(product, { concurrency, requests: await requestsOf(count) }, kind.statuses[0]),
            },
            {
              name: kind.reference,
              run: () => {
                const requests = kind.referenceRequests(service, count);
                return world.send(reference, { concurrency, requests }, kind.statuses[1]);
              },
            },
          ];
          const compared = await compare(contestants, concurrency, effort === "full" ? 5 : 3);
          rows.push(...compared.rows);
          goals.push({
            what: `${kind.name}: requests a second at ${concurrency}, of ${kind.reference}'s`,
            at: "least",
            wanted: 0.9,
            reached: compared.ratio("perSecond", kind.name, kind.reference),
          });
        }
      });
    }
    return { rows, goals };
  },
};
