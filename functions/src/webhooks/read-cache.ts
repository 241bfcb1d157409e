const maxCached = 1_000;

/**
 * Keeps what was read for a short while. Many who ask for one key at once share one read, and a failed read is not kept.
 * @param now milliseconds since 1970.
 * @param keepMs for how long, counted from the beginning of the read: nobody gets what is older.
 */
export function createReadCache<Value>(now: () => number, keepMs: number) {
  const cache = new Map<string, { readonly value: Promise<Value>; readonly until: number }>();
  return async (key: string, read: () => Promise<Value>): Promise<Value> => {
    const hit = cache.get(key);
    if (hit !== undefined && hit.until > now()) return await hit.value;
    if (cache.size >= maxCached) cache.clear();
    const entry = { value: read(), until: now() + keepMs };
    cache.set(key, entry);
    entry.value.catch(() => {
      if (cache.get(key) === entry) cache.delete(key);
    });
    return await entry.value;
  };
}
