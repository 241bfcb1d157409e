import { FriendlyError } from "../../scripts/stack/friendly-error.ts";
import { startScript } from "./children.ts";

export interface LoadRequest {
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Requests, all POST and JSON, to one server. */
export interface Load {
  readonly url: string;
  /** How many are under way at any time, each on a connection of its own. */
  readonly concurrency: number;
  readonly requests: readonly LoadRequest[];
}

export interface LoadReport {
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the process that answered, for each request; absent where it was not looked at. */
  readonly cpuMs?: number;
  /** The same of the Firestore emulator, and of who is outside. */
  readonly emulatorCpuMs?: number;
  readonly outsideCpuMs?: number;
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** A process that sends requests. */
export interface LoadGenerator {
  /** @throws FriendlyError where not every answer has the status `expected`. */
  send(load: Load, expected: number): Promise<LoadReport>;
  stop(): Promise<void>;
}

export async function startLoadGenerator(): Promise<LoadGenerator> {
  const child = startScript("The load generator", "load-process");
  await child.hear();
  return {
    async send(load, expected) {
      const report = await child.ask<LoadReport>(load);
      if (report.statuses[expected] === load.requests.length) return report;
      throw new FriendlyError(
        `${load.requests.length} answers with status ${expected} were expected, and these came: ` +
          `${JSON.stringify(report.statuses)}. Nothing that goes wrong is measured.`,
      );
    },
    stop: child.stop,
  };
}
