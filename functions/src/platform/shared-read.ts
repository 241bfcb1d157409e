import type { DocumentReference, DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { gather } from "./gathering.ts";

interface Reader {
  readonly refs: readonly DocumentReference[];
  readonly resolve: (snapshots: DocumentSnapshot[]) => void;
  readonly reject: (error: unknown) => void;
}

const maxDocuments = 256;
const lanes = new WeakMap<Firestore, (reader: Reader) => void>();

/**
 * Reads these documents, a few, in one request, which is shared in the way of `commitShared`: with what else is to be read until the
 * request before is done. Each document is read after it was asked for. Throws what Firestore throws.
 */
export async function readShared<Refs extends readonly DocumentReference[]>(
  db: Firestore,
  ...refs: Refs
): Promise<{ [Index in keyof Refs]: DocumentSnapshot }> {
  const add = lanes.get(db) ?? openLane(db);
  const snapshots = await new Promise<DocumentSnapshot[]>((resolve, reject) => add({ refs, resolve, reject }));
  return snapshots as { [Index in keyof Refs]: DocumentSnapshot };
}

function openLane(db: Firestore): (reader: Reader) => void {
  const add = gather<Reader>({
    share: ({ refs }) => refs.length / maxDocuments,
    async go(readers) {
      try {
        const snapshots = await db.getAll(...readers.flatMap(({ refs }) => refs));
        let next = 0;
        for (const { refs, resolve } of readers) {
          resolve(snapshots.slice(next, next + refs.length));
          next += refs.length;
        }
      } catch (error) {
        for (const { reject } of readers) reject(error);
      }
    },
  });
  lanes.set(db, add);
  return add;
}
