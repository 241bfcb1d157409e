import { randomUUID } from "node:crypto";
import type { DocumentData, Firestore } from "firebase-admin/firestore";

/** The documents of the application's own that consequences are written into. */
export function appDocuments(db: Firestore) {
  const read = async (objectId: string): Promise<DocumentData | undefined> =>
    (await db.doc(`tasks/${objectId}`).get()).data();
  const documentsIn = async (path: string): Promise<DocumentData[]> =>
    (await db.collection(path).get()).docs.map((doc) => ({ id: doc.id, ...doc.data() }));
  return {
    /** Makes a task document with a name of its own; gives the name. */
    async taskDocument(fields: DocumentData = {}): Promise<string> {
      const objectId = randomUUID();
      await db.doc(`tasks/${objectId}`).set({ title: "mine", ...fields });
      return objectId;
    },
    read,
    mapOf: async (objectId: string) => (await read(objectId))?.webhook,
    commentsOf: (objectId: string) => documentsIn(`tasks/${objectId}/comments`),
    notificationsOf: (userId: string) => documentsIn(`users/${userId}/notifications`),
  };
}
