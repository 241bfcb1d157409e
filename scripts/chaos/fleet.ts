import { setTimeout as sleep } from "node:timers/promises";
import { type Adversary, type FunctionName, functionNames } from "./adversary.ts";
import {
  type FunctionAnswer,
  type FunctionInstance,
  type FunctionRequest,
  startInstance,
} from "./function-instance.ts";
import type { WriteLog } from "./run-log.ts";

/** How long a process that came back from a stall may go on with what nobody waits for. */
const afterStallMs = 2_000;
const maxFailedStarts = 5;
/** While so many processes start, no other one is ended: a start takes a second of CPU, and the run is not about that. */
const maxStarting = 3;

/** All functions, each with the one process that gets its requests; one that is killed is replaced at once, as by Cloud Run. */
export interface Fleet {
  /** Rejects where the process was killed, or taken out of service, before it answered. */
  readonly call: (name: FunctionName, request: FunctionRequest) => Promise<FunctionAnswer>;
  readonly figures: FleetFigures;
  /** Kills everything, and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

export interface FleetFigures {
  readonly requests: Record<FunctionName, number>;
  readonly kills: Record<FunctionName, number>;
  readonly stalls: Record<FunctionName, number>;
  /** Requests that were under way in a process that was killed or stalled. */
  interrupted: number;
  /** Processes that ended though nobody killed them, and why. */
  readonly ownEnds: string[];
}

interface Slot {
  current: Promise<FunctionInstance>;
  generation: number;
  answered: number;
  /** Its end is near: nothing more is decided about it. */
  doomed: boolean;
}

/** Starts one process of each function. `env` is what the functions find in their environment. */
export async function startFleet(
  env: Readonly<Record<string, string>>,
  adversary: Adversary,
  log: WriteLog,
): Promise<Fleet> {
  const none = () => Object.fromEntries(functionNames.map((name) => [name, 0])) as Record<FunctionName, number>;
  const figures: FleetFigures = { requests: none(), kills: none(), stalls: none(), interrupted: 0, ownEnds: [] };
  const running = new Set<FunctionInstance>();
  let stopping = false;
  let starting = 0;

  /** One that does not start is started again: a killed one may have left the port or the disk busy. */
  const start = async (name: FunctionName): Promise<FunctionInstance> => {
    for (let failures = 1; ; failures += 1) {
      starting += 1;
      try {
        const started = await startInstance(name, env, (text) => log(name, text));
        running.add(started);
        started.ended.then(() => running.delete(started));
        if (stopping) started.signal("SIGKILL");
        return started;
      } catch (error) {
        if (stopping || failures === maxFailedStarts) throw error;
        await sleep(200);
      } finally {
        starting -= 1;
      }
    }
  };

  const replace = (name: FunctionName, slot: Slot) => {
    slot.generation += 1;
    slot.answered = 0;
    slot.doomed = false;
    slot.current = start(name);
    slot.current.then(
      (process) => watch(name, slot, process),
      () => {},
    );
  };

  /** Nobody but us ends a process; one that does so by itself is replaced, and told of. */
  const watch = (name: FunctionName, slot: Slot, process: FunctionInstance) => {
    const { generation } = slot;
    process.ended.then((why) => {
      if (stopping || slot.generation !== generation) return;
      figures.ownEnds.push(`${name} (process ${generation}): ${why}`);
      replace(name, slot);
    });
  };

  const slots = new Map<FunctionName, Slot>();
  for (const name of functionNames) {
    const slot: Slot = { current: start(name), generation: 1, answered: 0, doomed: false };
    slot.current.then(
      (process) => watch(name, slot, process),
      () => {},
    );
    slots.set(name, slot);
  }
  await Promise.all([...slots.values()].map((slot) => slot.current));

  const end = async (name: FunctionName, slot: Slot, process: FunctionInstance, stallMs: number | null) => {
    log("adversary", `${stallMs === null ? "kills" : `stalls for ${stallMs} ms`} ${name}, process ${slot.generation}`);
    replace(name, slot);
    if (stallMs === null) {
      figures.kills[name] += 1;
      process.signal("SIGKILL");
      return;
    }
    figures.stalls[name] += 1;
    process.signal("SIGSTOP");
    process.abandon();
    await sleep(stallMs);
    process.signal("SIGCONT");
    await sleep(afterStallMs);
    process.signal("SIGKILL");
  };

  return {
    figures,
    async call(name, request) {
      const slot = slots.get(name);
      if (slot === undefined) throw new Error(`there is no function ${name}`);
      const process = await slot.current;
      const { generation } = slot;
      figures.requests[name] += 1;
      const ending = adversary.endingOf(name, generation);
      const ready = ending !== undefined && slot.answered >= ending.afterAnswers && starting < maxStarting;
      if (ready && !slot.doomed) {
        slot.doomed = true;
        setTimeout(() => {
          if (adversary.active() && !stopping && slot.generation === generation)
            end(name, slot, process, ending.stallMs);
        }, ending.afterMs);
      }
      try {
        const answer = await process.send(request);
        if (slot.generation === generation) slot.answered += 1;
        return answer;
      } catch (error) {
        figures.interrupted += 1;
        throw error;
      }
    },
    async stop() {
      stopping = true;
      await Promise.allSettled([...slots.values()].map((slot) => slot.current));
      for (const process of running) process.signal("SIGKILL");
      await Promise.all([...running].map((process) => process.ended));
    },
  };
}
