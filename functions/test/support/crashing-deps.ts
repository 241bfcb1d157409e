import type { Deps } from "../../src/deps.ts";
import { createServices } from "../../src/tasks/services.ts";
import { interceptFirestore } from "./firestore-rpc.ts";

/**
 * Which of all I/O steps goes wrong, from 1, and how: its process crashes before or after the step took effect, or the
 * step alone fails and the process goes on.
 */
export interface CrashPlan {
  readonly at: number;
  readonly how: "crash before" | "crash after" | "failure at";
}

/** One function instance. Once it crashed, nothing that it still tries has any effect. */
export interface Process {
  readonly deps: Deps;
  crashed: boolean;
  /** Whether the planned step was among its own. */
  struck: boolean;
}

/** Starts processes, of which the one that takes the planned step crashes. */
export interface Crashing {
  readonly start: () => Process;
  /** Every step taken so far, by all processes: what it was. */
  readonly steps: string[];
}

const reads: ReadonlySet<string> = new Set(["batchGetDocuments", "runQuery"]);

class Crash extends Error {
  override readonly name = "Crash";
  /** So that the Firestore client takes it for permanent, and does not try again. */
  readonly code = 7;
}

/**
 * Deps whose n-th step crashes. A step is whatever a crash can fall between: a request to the database, something put
 * into the queue, an outbound call, a file kept.
 */
export function crashingDeps(deps: Deps, plan: CrashPlan): Crashing {
  const steps: string[] = [];

  function start(): Process {
    const step = async <T>(name: string, proceed: () => Promise<T>): Promise<T> => {
      // The locks of a client that is gone: the database drops them by itself after a while, here at once.
      if (process.crashed && name === "rollback") return await proceed();
      if (process.crashed) throw new Crash(`${name} after the crash`);
      steps.push(name);
      if (steps.length !== plan.at) return await proceed();
      process.struck = true;
      process.crashed = plan.how !== "failure at";
      // A read has no effect, but for locks that nobody would know of any more.
      if (plan.how === "crash after" && !reads.has(name)) await proceed();
      throw new Crash(`step ${plan.at}, ${name}: ${plan.how}`);
    };
    const db = interceptFirestore(deps.db, ({ method }, proceed) => step(method, proceed));
    const process: Process = {
      crashed: false,
      struck: false,
      deps: {
        ...deps,
        db,
        services: createServices(db, deps.now),
        enqueue: (task) => step("enqueue", () => deps.enqueue(task)),
        send: (request) => step("send", () => deps.send(request)),
        files: {
          keepJson: (folder, json) => step("keepJson", () => deps.files.keepJson(folder, json)),
          write: (path, type, source) => step("writeFile", () => deps.files.write(path, type, source)),
          read: (path) => step("readFile", () => deps.files.read(path)),
          copy: (from, to) => step("copyFile", () => deps.files.copy(from, to)),
          delete: (path) => step("deleteFile", () => deps.files.delete(path)),
          deleteFolder: (folder) => step("deleteFolder", () => deps.files.deleteFolder(folder)),
        },
      },
    };
    return process;
  }
  return { start, steps };
}
