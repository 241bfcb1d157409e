import { FriendlyError } from "../../scripts/stack/friendly-error.ts";
import { startScript } from "./children.ts";
import type { LoadReport } from "./load.ts";
import { processorMs } from "./processor-time.ts";

/** Tasks that go all the way. */
export interface RoundTrips {
  readonly submitUrl: string;
  /** The function that orders are brought to; undefined where the product brings them to itself. */
  readonly dispatchUrl?: string;
  readonly apiKey: string;
  readonly count: number;
  readonly concurrency: number;
}

export interface Outside {
  /** The service's address. */
  readonly url: string;
  /** @throws FriendlyError where one of them did not come to its end. */
  run(trips: RoundTrips): Promise<LoadReport>;
  stop(): Promise<void>;
}

export async function startOutside(): Promise<Outside> {
  const child = startScript("The world outside", "outside-process");
  const { port } = await child.hear<{ port: number }>();
  return {
    url: `http://127.0.0.1:${port}/work`,
    async run(trips) {
      const before = processorMs(child.pid);
      const report = await child.ask<LoadReport>(trips);
      const outsideCpuMs = (processorMs(child.pid) - before) / trips.count;
      if (report.statuses[200] === trips.count) return { ...report, outsideCpuMs };
      throw new FriendlyError(
        `${trips.count} round trips ended so: ${JSON.stringify(report.statuses)}, and not all with 200.`,
      );
    },
    stop: child.stop,
  };
}
