import { createHash } from "node:crypto";

/** A sequence of throws that depends on nothing but the names it was made of. */
export interface Dice {
  /** From 0 (inclusive) to 1 (exclusive). */
  fraction(): number;
  /** True in `share` (0 to 1) of all cases. */
  chance(share: number): boolean;
  /** A whole number from `min` to `max`, both inclusive. */
  between(min: number, max: number): number;
  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** One of the keys, each as often as its weight says. */
  weigh<Key extends string>(weights: Readonly<Record<Key, number>>): Key;
}

/**
 * Dice for one decision maker. Each is named for itself (the seed, a task's number, a process's generation), so that what
 * one decides does not depend on how often, or when, another one was asked.
 */
export function diceOf(...names: readonly (string | number)[]): Dice {
  let thrown = 0;
  const fraction = () => {
    thrown += 1;
    const digest = createHash("sha256")
      .update([...names, thrown].join("\n"))
      .digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  };
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[Math.floor(fraction() * list.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  };
  return {
    fraction,
    chance: (share) => fraction() < share,
    between: (min, max) => min + Math.floor(fraction() * (max - min + 1)),
    pick,
    weigh: <Key extends string>(weights: Readonly<Record<Key, number>>) => {
      const entries = Object.entries<number>(weights) as [Key, number][];
      return pick(entries.flatMap(([key, weight]) => Array.from({ length: weight }, () => key)));
    },
  };
}
