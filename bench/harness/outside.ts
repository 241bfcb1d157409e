import { join } from "node:path";
import { FriendlyError } from "../../scripts/stack/friendly-error.ts";
import { messageOf, startChild } from "./children.ts";
import type { LoadReport } from "./load.ts";

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
  const child = startChild("outside", process.execPath, [join(import.meta.dirname, "outside-process.ts")]);
  const { port } = await messageOf<{ port: number }>("The world outside", child);
  return {
    url: `http://127.0.0.1:${port}/work`,
    async run(trips) {
      child.process.send(trips);
      const report = await messageOf<LoadReport>("The world outside", child);
      if (report.statuses[200] === trips.count) return report;
      throw new FriendlyError(
        `${trips.count} round trips ended so: ${JSON.stringify(report.statuses)}, and not all with 200.`,
      );
    },
    stop: () => child.stop(),
  };
}
