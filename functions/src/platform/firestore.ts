import { getApps, initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore, Timestamp } from "firebase-admin/firestore";

/** The project's one database. */
export function openFirestore(): Firestore {
  // A Firestore trigger has an app of the SDK's own; the queue and the files work with the default one.
  return getFirestore(getApps().find((app) => app.name === "[DEFAULT]") ?? initializeApp());
}

/** The codes with which Firestore refuses a commit for what is in it (google.rpc.Code); the next three are of preconditions. */
export const invalidArgument = 3;
export const notFound = 5;
export const alreadyExists = 6;
export const failedPrecondition = 9;
/** Somebody else was writing the same. */
export const aborted = 10;

/** Whether `error` is Firestore's answer with that gRPC status code. */
export function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  if (error === null || typeof error !== "object" || !("code" in error)) return false;
  return typeof error.code === "number" && codes.includes(error.code);
}

/** Milliseconds since 1970 as a Firestore Timestamp. */
export function timestamp(ms: number): Timestamp {
  return Timestamp.fromMillis(ms);
}
