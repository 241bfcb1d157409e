import { z } from "zod";
import { documentId } from "../../tasks/task-request.ts";
import { createApiKey } from "../api-keys.ts";
import { cursor, wholeNumber } from "../list-query.ts";
import { apiKeyBody, deleteApiKey, listApiKeys } from "../manage-api-keys.ts";
import { defineRoute, type Route } from "../route.ts";
import { apiKeySchema, apiKeyView, apiKeyWithKeySchema } from "../views/key-view.ts";
import { listOf } from "../views/view.ts";

const common = { tag: "Keys", scope: "admin" } as const;

/** `/api/v1/keys` */
export const keyRoutes: readonly Route[] = [
  defineRoute(
    {
      ...common,
      method: "post",
      path: "/api/v1/keys",
      operationId: "createKey",
      summary: "Make an API key",
      description: "The key is in the answer, and never again.",
      params: {},
      body: apiKeyBody,
      answers: { 201: { description: "With the key, this once.", schema: apiKeyWithKeySchema } },
    },
    async (deps, { identity, body }) => {
      const { owner_id: ownerId, scopes, name = null } = body;
      const settings = { ownerId, scopes, name, createdBy: identity.ownerId };
      const { key, apiKey } = await createApiKey(deps.db, deps.now(), settings);
      return { status: 201, body: { ...apiKeyView(apiKey), key } };
    },
  ),
  defineRoute(
    {
      ...common,
      method: "get",
      path: "/api/v1/keys",
      operationId: "listKeys",
      summary: "The keys, by owner, and the newest of each first",
      description: "A key that was written into Firestore by hand is listed once it has been used.",
      params: {},
      query: z.strictObject({
        owner_id: documentId
          .optional()
          .meta({ description: "Only the keys of this owner; everybody's where it is `*` or left out." }),
        limit: wholeNumber(100, 20),
        cursor,
      }),
      answers: { 200: { description: "A page of them.", schema: listOf(apiKeySchema) } },
    },
    async (deps, { query }) => {
      const { data, nextCursor } = await listApiKeys(deps, query);
      return { status: 200, body: { data: data.map(apiKeyView), next_cursor: nextCursor } };
    },
  ),
  defineRoute(
    {
      ...common,
      method: "delete",
      path: "/api/v1/keys/{id}",
      operationId: "deleteKey",
      summary: "Delete a key",
      description: "It stops working within 30 seconds. You may delete the very key that you ask with.",
      params: { id: "key" },
      answers: { 204: { description: "It is gone." } },
      problems: { 404: ["key_not_found"] },
    },
    async (deps, { params }) => {
      await deleteApiKey(deps, params.id);
      return { status: 204 };
    },
  ),
];
