// The functions' own packages: what is measured and what it is measured against run on the same code.
export { initializeApp } from "../../functions/node_modules/firebase-admin/lib/app/index.js";
export {
  type DocumentData,
  type DocumentSnapshot,
  type Firestore,
  getFirestore,
  Timestamp,
} from "../../functions/node_modules/firebase-admin/lib/firestore/index.js";
export { onRequest } from "../../functions/node_modules/firebase-functions/lib/v2/providers/https.js";
