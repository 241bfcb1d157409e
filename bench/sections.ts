import { callback } from "./callback.ts";
import type { Section } from "./harness/section.ts";

/** Every part of the bench, in the order in which it runs: one file each, and one line here. */
export const sections: readonly Section[] = [callback];
