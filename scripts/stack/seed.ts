import { createHash } from "node:crypto";
import { FriendlyError } from "./friendly-error.ts";
import { apiKey, firestoreUrl, projectId } from "./layout.ts";

/** Parent of all documents in the Firestore REST API. */
export const documentsUrl = `${firestoreUrl}/v1/projects/${projectId}/databases/(default)/documents`;
/** Passes the emulator's security rules, as the Admin SDK does. */
export const asOwner = { Authorization: "Bearer owner" };

/** Puts the admin key `demo-key` into the Firestore emulator, stored by its hash as every key is. */
export async function seedApiKey(now: Date): Promise<void> {
  const hash = createHash("sha256").update(apiKey).digest("hex");
  const scopes = ["admin", "tasks:read", "tasks:write", "webhooks"];
  const answer = await fetch(`${documentsUrl}/apiKeys/${hash}`, {
    method: "PATCH",
    headers: { ...asOwner, "Content-Type": "application/json" },
    body: JSON.stringify({
      fields: {
        id: { stringValue: "key_demo" },
        ownerId: { stringValue: "demo" },
        scopes: { arrayValue: { values: scopes.map((scope) => ({ stringValue: scope })) } },
        name: { stringValue: "The local stack" },
        hint: { stringValue: apiKey },
        createdAt: { timestampValue: now.toISOString() },
        createdBy: { nullValue: null },
        lastUsedAt: { nullValue: null },
      },
    }),
  });
  if (answer.ok) return;
  throw new FriendlyError(`The Firestore emulator refused the API key (${answer.status}): ${await answer.text()}`);
}
