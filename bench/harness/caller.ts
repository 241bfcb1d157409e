import { createHash } from "node:crypto";
import type { Firestore } from "../references/packages.ts";

/** The key of who submits tasks. */
export const apiKey = "bench-key";

/** Makes the key known, and a service called `bench` with that address. */
export async function registerCaller(db: Firestore, serviceUrl: string): Promise<void> {
  const hash = createHash("sha256").update(apiKey).digest("hex");
  await db.doc(`apiKeys/${hash}`).set({ ownerId: "bench", scopes: ["tasks:write"] });
  await db.doc("services/bench").set({ url: serviceUrl });
}
