/** What is gathered, and what is done with it. */
export interface Gathering<Item> {
  /** How much of what one go can take an item takes up, from 0 to 1. */
  share(item: Item): number;
  /** Does what a go is for, for these items, and tells each what became of it. Never throws. */
  go(items: readonly Item[]): Promise<void>;
}

/** A go that takes longer does not hold up the others any more, in milliseconds. */
const patienceMs = 2_000;

/**
 * Takes items one by one: each goes at once where nothing is under way, and otherwise together with what comes until that is
 * done, in the order in which they came. So a lone one waits for nothing, and under load many share what one would cost.
 */
export function gather<Item>({ share, go }: Gathering<Item>): (item: Item) => void {
  const waiting: Item[] = [];
  let underWay = 0;

  function take(): Item[] {
    let taken = 0;
    let count = 0;
    for (const item of waiting) {
      taken += share(item);
      if (count > 0 && taken > 1) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  async function work(): Promise<void> {
    for (let items = take(); items.length > 0; items = take()) {
      underWay += 1;
      let replaced = false;
      const timer = setTimeout(() => {
        replaced = true;
        underWay -= 1;
        void work();
      }, patienceMs);
      await go(items);
      clearTimeout(timer);
      if (replaced) return;
      underWay -= 1;
    }
  }

  return (item) => {
    waiting.push(item);
    if (underWay === 0) void work();
  };
}
