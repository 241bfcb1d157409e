const maxCached = 1_000;

/** What was read lately, by its key. */
export interface ReadCache<Value> {
  /** What is kept, or else what `read` gives. Many who ask at once share one read, and a failed one is not kept. */
  get(key: string, read: () => Promise<Value>): Promise<Value>;
  /** The next to ask reads anew: it was changed here. What is being read at this moment is not kept either. */
  forget(key: string): void;
}

/**
 * Keeps what was read for a short while.
 * @param now milliseconds since 1970.
 * @param keepMs for how long, counted from the beginning of the read: nobody gets what is older.
 */
export function createReadCache<Value>(now: () => number, keepMs: number): ReadCache<Value> {
  const cache = new Map<string, { readonly value: Promise<Value>; readonly until: number }>();
  return {
    async get(key, read) {
      const hit = cache.get(key);
      if (hit !== undefined && hit.until > now()) return await hit.value;
      if (cache.size >= maxCached) cache.clear();
      const entry = { value: read(), until: now() + keepMs };
      cache.set(key, entry);
      entry.value.catch(() => {
        if (cache.get(key) === entry) cache.delete(key);
      });
      return await entry.value;
    },
    forget: (key) => {
      cache.delete(key);
    },
  };
}
