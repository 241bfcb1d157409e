import { createHash } from "node:crypto";
import { callbacks } from "./callback.ts";
import { median } from "./harness/compare.ts";
import type { Runtime } from "./harness/runtime.ts";
import type { Section } from "./harness/section.ts";
import { inWorld, type World } from "./harness/world.ts";

/** As a URL, since NODE_OPTIONS are parted at spaces. */
const countModules = `--import=${import.meta.resolve("./harness/count-modules.ts")}`;
const apiKey = "key-of-the-bench";

interface Start {
  readonly firstAnswerMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

/** One of those that are started. */
interface Contestant {
  readonly name: string;
  start(env?: Readonly<Record<string, string>>): Promise<Runtime>;
  /** The first request; its answer's status. */
  ask(url: string): Promise<number>;
  readonly status: number;
}

/** From the start of the process to the end of its first answer: what somebody waits for whose request needs a new instance. */
export const coldStart: Section = {
  name: "cold-start",
  title: "A new instance gives its first answer",
  run: (effort) =>
    inWorld(async (world) => {
      const rounds = effort === "full" ? 15 : 5;
      const contestants = await contestantsOf(world, rounds + 2);
      const starts = new Map(contestants.map(({ name }) => [name, [] as Start[]]));
      for (const contestant of contestants) await measure(contestant);
      for (let round = 0; round < rounds; round += 1) {
        const first = round % contestants.length;
        for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
          starts.get(contestant.name)?.push(await measure(contestant));
        }
      }
      const figures = (name: string, figure: keyof Start) => (starts.get(name) ?? []).map((start) => start[figure]);
      const rows = [];
      for (const contestant of contestants) {
        const { name } = contestant;
        rows.push({
          name,
          firstAnswerMs: median(figures(name, "firstAnswerMs")),
          cpuMs: median(figures(name, "cpuMs")),
          peakMb: median(figures(name, "peakMb")),
          modules: await modulesOf(contestant),
        });
      }
      const ratio = (name: string) => {
        const bare = figures("bareStart", "firstAnswerMs");
        return median(figures(name, "firstAnswerMs").map((ms, round) => ms / (bare[round] ?? Number.NaN)));
      };
      const goals = [
        {
          what: "webhookCallback, of the bareStart's time",
          at: "most",
          wanted: 1.6,
          reached: ratio("webhookCallback"),
        },
        { what: "api, of the bareStart's time", at: "most", wanted: 2, reached: ratio("api") },
      ] as const;
      const notes = [
        "The first request of webhookCallback is a callback that is taken (one commit), that of api reads a task (two reads).",
        "Modules are files that were loaded, the runtime's own among them; memory is the most that the process ever had.",
      ];
      return { rows, goals, notes };
    }),
};

async function contestantsOf(world: World, times: number): Promise<Contestant[]> {
  const { db, product, bare, storeTasks } = world;
  const [shown] = await storeTasks(1);
  const sent = await callbacks(world, times);
  const hash = createHash("sha256").update(apiKey).digest("hex");
  await db.doc(`apiKeys/${hash}`).set({ ownerId: "bench", scopes: ["admin"], lastUsedAt: new Date() });
  const headers = { "content-type": "application/json" };
  return [
    { name: "bareStart", start: bare, ask: (url) => statusOf(url), status: 200 },
    {
      name: "webhookCallback",
      start: (env) => product("webhookCallback", env),
      ask(url) {
        const { path = "", body = "" } = sent.pop() ?? {};
        return statusOf(`${url}${path}`, { method: "POST", headers, body });
      },
      status: 200,
    },
    {
      name: "api",
      start: (env) => product("api", env),
      ask: (url) => statusOf(`${url}/api/v1/tasks/${shown}`, { headers: { "x-api-key": apiKey } }),
      status: 200,
    },
  ];
}

async function statusOf(url: string, sent: RequestInit = {}): Promise<number> {
  const response = await fetch(url, sent);
  await response.arrayBuffer();
  return response.status;
}

async function measure(contestant: Contestant): Promise<Start> {
  const startedAt = performance.now();
  return await started(contestant, {}, async (runtime) => ({
    firstAnswerMs: performance.now() - startedAt,
    cpuMs: runtime.cpuMs(),
    peakMb: (await runtime.peakMemory()) / 1_000_000,
  }));
}

async function modulesOf(contestant: Contestant): Promise<number> {
  return await started(contestant, { NODE_OPTIONS: countModules }, async (runtime) => {
    return (await runtime.ask<{ modules: number }>("modules")).modules;
  });
}

/** Starts it, lets it give its first answer, looks, and ends it. */
async function started<T>(
  { name, start, ask, status }: Contestant,
  env: Readonly<Record<string, string>>,
  look: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const runtime = await start(env);
  try {
    const answered = await ask(runtime.url);
    if (answered !== status) throw new Error(`${name} answered ${answered} instead of ${status}: ${runtime.output()}`);
    return await look(runtime);
  } finally {
    await runtime.stop();
  }
}
