import { alreadyExists, failedPrecondition, hasCode, notFound } from "../platform/firestore.ts";

/** In each round somebody gets through, so this many callbacks of one task at once do. */
const maxRounds = 100;

/**
 * Runs `attempt`, which reads and then writes on the condition that nothing has changed, until nobody else was faster.
 * Unlike a transaction it holds no lock while it works: 30 callbacks of one task at once take tens of milliseconds, where
 * transactions wait for each other's locks and back off for seconds.
 * Throws what `attempt` throws, and Firestore's own error after 100 rounds.
 */
export async function untilUncontended<T>(attempt: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (round === maxRounds || !hasCode(error, alreadyExists, failedPrecondition, notFound)) throw error;
    }
  }
}
