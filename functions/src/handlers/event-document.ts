import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";

/** The part of a Firestore event that says which document it is about. */
interface AboutDocument {
  /** Path of the document, without the database's. */
  readonly document: string;
}

/**
 * The document as the event brought it; as it is now where the event came without it, which is what becomes of an event that is too
 * large for its transport (10 MB, firebase/firebase-functions#1370): the write must have its consequences all the same.
 */
export async function documentOf<Snapshot extends DocumentSnapshot>(
  db: Firestore,
  event: AboutDocument,
  brought: Snapshot | undefined,
): Promise<DocumentSnapshot> {
  return brought ?? (await db.doc(event.document).get());
}
