import { callInvariants } from "./call-invariants.ts";
import { callbackInvariants } from "./callback-invariants.ts";
import { consequenceInvariants } from "./consequence-invariants.ts";
import { deliveryInvariants } from "./delivery-invariants.ts";
import type { Evidence } from "./evidence.ts";
import type { Invariant } from "./invariant.ts";
import { outcomeInvariants } from "./outcome-invariants.ts";

const restInvariants: readonly Invariant[] = [
  { name: "Everything came to rest", check: ({ unrest }) => [...unrest] },
  { name: "No process of a function ended by itself", check: ({ ownEnds }) => [...ownEnds] },
];

const invariants: readonly Invariant[] = [
  ...restInvariants,
  ...outcomeInvariants,
  ...callbackInvariants,
  ...callInvariants,
  ...consequenceInvariants,
  ...deliveryInvariants,
];

/** One invariant, and who offends against it. */
export interface Finding {
  readonly name: string;
  readonly offenders: readonly string[];
}

/** Checks every invariant. */
export function audit(evidence: Evidence): Finding[] {
  return invariants.map(({ name, check }) => ({ name, offenders: check(evidence) }));
}
