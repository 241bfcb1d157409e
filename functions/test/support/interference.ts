import type { Firestore } from "firebase-admin/firestore";

/**
 * The same database, but `action` runs before the first commit of a batch: so another writer comes between what was read
 * and what is written.
 */
export function beforeFirstCommit(db: Firestore, action: () => Promise<void>): Firestore {
  let pending: (() => Promise<void>) | undefined = action;
  const batch = () => {
    const real = db.batch();
    const commit = real.commit.bind(real);
    real.commit = async () => {
      const interfere = pending;
      pending = undefined;
      await interfere?.();
      return await commit();
    };
    return real;
  };
  return replaced(db, { batch });
}

/** The same database, which fails where `parts` says so. */
export function replaced(db: Firestore, parts: Partial<Firestore>): Firestore {
  return new Proxy(db, {
    get(target, name) {
      if (name in parts) return Reflect.get(parts, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
