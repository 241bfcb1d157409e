import { createReadCache } from "../../src/platform/read-cache.ts";

/** A cache on a clock in hand, over a source that counts its reads. */
function setUp() {
  const state = { now: 1_000, reads: 0 };
  const cache = createReadCache<string>(() => state.now, 5_000);
  const read = async (key: string) => `${key} ${++state.reads}`;
  return { state, cache, get: (key: string) => cache.get(key, () => read(key)) };
}

test("what was read a short while ago is not read again", async () => {
  const { state, get } = setUp();
  expect(await get("a")).toBe("a 1");
  state.now += 4_999;
  expect(await get("a")).toBe("a 1");
  expect(await get("b")).toBe("b 2");
});

test("a change is seen within the time for which things are kept, whoever asked in between", async () => {
  const { state, get } = setUp();
  for (let asked = 0; asked < 5; asked += 1) {
    expect(await get("a")).toBe("a 1");
    state.now += 1_000;
  }
  expect(await get("a")).toBe("a 2");
});

test("many who ask at once share one read", async () => {
  const { state, get } = setUp();
  expect(new Set(await Promise.all(Array.from({ length: 100 }, () => get("a"))))).toEqual(new Set(["a 1"]));
  expect(state.reads).toBe(1);
});

test("the time counts from the beginning of a slow read", async () => {
  const { state, cache, get } = setUp();
  const slow = Promise.withResolvers<string>();
  const first = cache.get("a", () => slow.promise);
  state.now += 5_000;
  slow.resolve("as it was five seconds ago");
  expect(await first).toBe("as it was five seconds ago");
  expect(await get("a")).toBe("a 1");
});

test("a failed read fails for all who wait for it, and is not kept", async () => {
  const { cache, get } = setUp();
  const failing = () => cache.get("a", () => Promise.reject(new Error("the database is away")));
  const asked = await Promise.allSettled([failing(), get("a"), get("a")]);
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(await get("a")).toBe("a 1");
});

test("an old read that fails late does not take a newer one away", async () => {
  const { state, cache, get } = setUp();
  const slow = Promise.withResolvers<string>();
  const first = cache.get("a", () => slow.promise);
  state.now += 5_000;
  expect(await get("a")).toBe("a 1");
  slow.reject(new Error("too late"));
  await expect(first).rejects.toThrow("too late");
  expect(await get("a")).toBe("a 1");
});

test("that there is nothing is kept too", async () => {
  let reads = 0;
  const cache = createReadCache<string | undefined>(() => 0, 5_000);
  const read = async () => {
    reads += 1;
    return undefined;
  };
  expect([await cache.get("a", read), await cache.get("a", read), reads]).toEqual([undefined, undefined, 1]);
});

test("what is forgotten is read anew, even what was just being read", async () => {
  const { cache, get } = setUp();
  expect(await get("a")).toBe("a 1");
  cache.forget("a");
  expect(await get("a")).toBe("a 2");

  const slow = Promise.withResolvers<string>();
  const first = cache.get("b", () => slow.promise);
  cache.forget("b");
  slow.resolve("as it was before the change");
  expect(await first).toBe("as it was before the change");
  expect(await get("b")).toBe("b 3");
});

test("it does not grow without end", async () => {
  const { state, get } = setUp();
  for (let index = 0; index < 1_000; index += 1) await get(`key ${index}`);
  expect(state.reads).toBe(1_000);
  await get("key 999");
  expect(state.reads).toBe(1_000);
  await get("one more");
  await get("key 0");
  expect(state.reads).toBe(1_002);
});
