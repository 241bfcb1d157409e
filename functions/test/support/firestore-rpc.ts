import type { Firestore } from "firebase-admin/firestore";

/** One request of the Firestore client, as it goes to the database. */
export interface FirestoreRpc {
  /** `commit`, `batchGetDocuments`, `runQuery`, `beginTransaction`, `rollback`, … (google.firestore.v1). */
  readonly method: string;
  readonly request: { readonly writes?: readonly object[]; readonly documents?: readonly string[] };
}

/** Called in place of every request; `proceed` makes it, and gives the answer, or the stream of answers. */
export type AroundRpc = (rpc: FirestoreRpc, proceed: () => Promise<unknown>) => Promise<unknown>;

/**
 * The same Firestore, every request of which passes through `around`; `db` itself is left as it is. Everything that the
 * client does ends in one of these two methods, below batches, transactions and its own retries of transactions.
 */
export function interceptFirestore(db: Firestore, around: AroundRpc): Firestore {
  const intercepted: Firestore = Object.create(db);
  const intercept = (name: "request" | "requestStream", requestAt: number) => {
    const original: unknown = Reflect.get(db, name);
    if (typeof original !== "function") {
      throw new Error(
        `The Firestore client has no method ${name} any more: find its successor for interceptFirestore.`,
      );
    }
    const value = (...args: unknown[]) =>
      around({ method: String(args[0]), request: args[requestAt] ?? {} }, () => original.apply(db, args));
    Object.defineProperty(intercepted, name, { value });
  };
  intercept("request", 1);
  intercept("requestStream", 2);
  return intercepted;
}
