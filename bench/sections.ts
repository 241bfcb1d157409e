import { callback } from "./callback.ts";
import { coldStart } from "./cold-start.ts";
import { expiry } from "./expiry.ts";
import { forged } from "./forged.ts";
import type { Section } from "./harness/section.ts";
import { operations } from "./operations.ts";
import { roundTrip } from "./round-trip.ts";
import { work } from "./work.ts";

/** Every part of the bench, in the order in which it runs: one file each, and one line here. */
export const sections: readonly Section[] = [callback, forged, work, roundTrip, expiry, coldStart, operations];
