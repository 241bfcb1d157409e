const maxBytes = 1_500;

/**
 * Whether Firestore takes `id` as the name of a document: no slash, not `.` or `..`, not `__reserved__`, well-formed, at
 * most 1,500 bytes (firebase.google.com/docs/firestore/quotas, collections, documents and fields).
 */
export function isDocumentId(id: unknown): id is string {
  return (
    typeof id === "string" &&
    id !== "" &&
    !/[/]|^\.{1,2}$|^__.*__$/s.test(id) &&
    id.isWellFormed() &&
    Buffer.byteLength(id) <= maxBytes
  );
}
