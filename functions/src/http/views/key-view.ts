import { z } from "zod";
import { type ApiKey, scopes } from "../api-keys.ts";
import { dateTime, iso } from "./view.ts";

const fields = {
  id: z.string(),
  owner_id: z.string(),
  scopes: z.array(z.enum(scopes)),
  name: z.string().nullable(),
  hint: z.string().nullable().meta({ description: "The first characters of the key." }),
  created_at: dateTime,
  created_by: z
    .string()
    .nullable()
    .meta({ description: "Owner of the key that made it; null where a command of the operator did." }),
  last_used_at: dateTime.nullable().meta({ description: "To within an hour." }),
};

const example = {
  id: "key_q83vEjRWeJCrze8SNFZ4kA",
  owner_id: "web-app",
  scopes: ["tasks:write", "tasks:read"],
  name: "Web app, production",
  hint: "bmr_0VSpTr",
  created_at: "2026-01-15T10:30:15.000Z",
  created_by: "operator",
  last_used_at: null,
};

/** A key as the API shows it: never the key itself, nor its hash. */
export const apiKeySchema = z.strictObject(fields).meta({ id: "ApiKey", examples: [example] });

/** The same, in the one answer that shows the key. */
export const apiKeyWithKeySchema = z
  .strictObject({ ...fields, key: z.string().meta({ description: "Shown this once: only its hash is kept." }) })
  .meta({
    id: "ApiKeyWithKey",
    examples: [{ ...example, key: "bmr_0VSpTrHkbP4sXJ1nT0m2yQwVb7u9cLr8eGd5fAhKzMo" }],
  });

export function apiKeyView(apiKey: ApiKey): z.input<typeof apiKeySchema> {
  return {
    id: apiKey.id,
    owner_id: apiKey.ownerId,
    scopes: [...apiKey.scopes],
    name: apiKey.name,
    hint: apiKey.hint,
    created_at: iso(apiKey.createdAt),
    created_by: apiKey.createdBy,
    last_used_at: iso(apiKey.lastUsedAt),
  };
}
