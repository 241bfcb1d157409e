import type { CollectionReference, Firestore } from "firebase-admin/firestore";

/** Every document by its path, as JSON, but for those of the collections left out. */
export async function wholeDatabase(
  db: Firestore,
  leftOut: readonly string[] = [],
): Promise<Readonly<Record<string, string>>> {
  const all: Record<string, string> = {};
  const read = async (collection: CollectionReference): Promise<void> => {
    if (leftOut.includes(collection.id)) return;
    for (const ref of await collection.listDocuments()) {
      const snapshot = await ref.get();
      if (snapshot.exists) all[ref.path] = JSON.stringify(snapshot.data());
      await Promise.all((await ref.listCollections()).map(read));
    }
  };
  await Promise.all((await db.listCollections()).map(read));
  return all;
}
