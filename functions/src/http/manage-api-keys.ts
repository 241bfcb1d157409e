import { Timestamp } from "firebase-admin/firestore";
import { z } from "zod";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { type ListName, readCursor, writeCursor } from "../domain/list-cursor.ts";
import { documentId } from "../tasks/task-request.ts";
import { displayName } from "../webhooks/webhook-settings.ts";
import { type ApiKey, apiKeysIn, readApiKey, scopes } from "./api-keys.ts";

/** `POST /api/v1/keys`; the operator's command checks its arguments with it too. */
export const apiKeyBody = z
  .strictObject({
    owner_id: documentId
      .refine((id) => id !== "*", "means everybody")
      .meta({ description: "Whose tasks and webhooks the key works with." }),
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .refine((given) => new Set(given).size === given.length, "names a scope twice")
      .meta({ description: "`admin` includes all others.", uniqueItems: true }),
    name: displayName.nullish().meta({ description: "For people." }),
  })
  .meta({
    id: "NewApiKey",
    examples: [{ owner_id: "web-app", scopes: ["tasks:write", "tasks:read"], name: "Web app, production" }],
  });

interface KeyQuery {
  readonly owner_id?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** By owner, and the newest of each first. Throws 400 for a cursor of another list. */
export async function listApiKeys(
  deps: Deps,
  { owner_id, limit, cursor }: KeyQuery,
): Promise<{ readonly data: ApiKey[]; readonly nextCursor: string | null }> {
  const ownerId = owner_id === "*" ? undefined : owner_id;
  const list: ListName = ["keys", ownerId];
  const keys = apiKeysIn(deps.db);
  // Firestore orders by no field that it compares with one value.
  const some = ownerId === undefined ? keys.orderBy("ownerId") : keys.where("ownerId", "==", ownerId);
  const ordered = some.orderBy("createdAt", "desc").orderBy("id", "desc");
  const after = cursor === undefined ? undefined : positionAfter(list, cursor);
  const start = after === undefined ? ordered : ordered.startAfter(...(ownerId === undefined ? after : after.slice(1)));
  // One more than asked for tells whether there is more.
  const { docs } = await start.limit(limit + 1).get();
  const data = docs.slice(0, limit).map(readApiKey);
  const last = data.at(-1);
  return { data, nextCursor: docs.length > limit && last !== undefined ? cursorAfter(list, last) : null };
}

function cursorAfter(list: ListName, { ownerId, createdAt, id }: ApiKey): string {
  const { seconds, nanoseconds } = createdAt;
  return writeCursor(list, { seconds, nanoseconds, id: `${id}/${ownerId}` });
}

function positionAfter(list: ListName, cursor: string): unknown[] {
  const { seconds, nanoseconds, id } = readCursor(list, cursor);
  const slash = id.indexOf("/");
  return [id.slice(slash + 1), new Timestamp(seconds, nanoseconds), id.slice(0, slash)];
}

/** Deletes it: it stops working at once on this instance, and within 30 seconds on any other. Throws `key_not_found` (404). */
export async function deleteApiKey(deps: Deps, id: string): Promise<void> {
  // A query refuses what is longer than a document can hold in an index.
  const docs = id.length > 100 ? [] : (await apiKeysIn(deps.db).where("id", "==", id).get()).docs;
  if (docs.length === 0) {
    throw new BoomerangError("key_not_found", `There is no key "${id.slice(0, 100)}".`, { status: 404 });
  }
  for (const { ref } of docs) {
    await ref.delete();
    deps.apiKeys.forget(ref.id);
  }
}
