import { getApps, initializeApp } from "firebase-admin/app";
import { type CallApi, createApiClient, newKey, registerService } from "./api-client.ts";
import { newUser } from "./stack.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "./test-deps.ts";

export const everyScope = ["tasks:read", "tasks:write", "webhooks"] as const;

/** Somebody who uses the API. */
export interface Owner {
  readonly ownerId: string;
  /** What says so: a key's header, or an ID token's. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A database with nothing in it but the services that the examples of the document name, and those who use it. */
export interface World {
  readonly deps: TestDeps;
  readonly api: CallApi;
  /** Both have a key with every scope but `admin`. */
  readonly anna: Owner;
  readonly bob: Owner;
  /** A signed-in user of the app. */
  readonly user: Owner;
  readonly admin: Owner;
  readonly close: () => Promise<void>;
}

const named = ["video_generation", "predict", "ingest"];
let signedIn: Promise<Owner> | undefined;

export async function newWorld(): Promise<World> {
  const deps = createTestDeps(newTestFirestore());
  const ownerWith = async (ownerId: string, scopes: Parameters<typeof newKey>[2]): Promise<Owner> => ({
    ownerId,
    headers: { "x-api-key": await newKey(deps.db, ownerId, scopes) },
  });
  signedIn ??= signIn();
  const [anna, bob, admin, user] = await Promise.all([
    ownerWith("anna", everyScope),
    ownerWith("bob", everyScope),
    ownerWith("operator", ["admin"]),
    signedIn,
    ...named.map((name) => registerService(deps.db, name)),
  ]);
  return { deps, api: createApiClient(deps), anna, bob, user, admin, close: () => deps.db.terminate() };
}

/** Of the stack's Auth emulator, whose tokens the API verifies in the app that has no name. */
async function signIn(): Promise<Owner> {
  const { uid, idToken } = await newUser();
  if (!getApps().some(({ name }) => name === "[DEFAULT]"))
    initializeApp({ projectId: String(process.env.GCLOUD_PROJECT) });
  return { ownerId: uid, headers: { authorization: `Bearer ${idToken}` } };
}
