import { z } from "zod";
import { defineRoute, type Route } from "../route.ts";

/** About the API itself. */
export const metaRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "get",
      path: "/api/v1/health",
      operationId: "getHealth",
      tag: "API",
      summary: "Whether the API is alive",
      scope: null,
      params: {},
      answers: {
        200: {
          description: "It is.",
          schema: z.strictObject({ status: z.literal("ok") }).meta({ id: "Health", examples: [{ status: "ok" }] }),
        },
      },
    },
    async () => ({ status: 200, body: { status: "ok" } }),
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/openapi.json",
      operationId: "getOpenApi",
      tag: "API",
      summary: "This reference, as OpenAPI 3.1",
      scope: null,
      params: {},
      answers: { 200: { description: "The document.", schema: z.looseObject({}) } },
    },
    async () => {
      const { openApiDocument } = await import("../openapi.ts");
      return { status: 200, body: await openApiDocument() };
    },
  ),
  defineRoute(
    {
      method: "get",
      path: "/api/v1/signing-secret",
      operationId: "getSigningSecrets",
      tag: "Webhooks",
      summary: "What signs the requests to your tasks' `callback_url`",
      scope: "webhooks",
      params: {},
      answers: {
        200: {
          description: "Newest first.",
          schema: z
            .strictObject({ secrets: z.array(z.string()) })
            .meta({ id: "SigningSecrets", examples: [{ secrets: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"] }] }),
        },
      },
    },
    async (deps, { identity }) => ({ status: 200, body: { secrets: deps.keys.ownerSecrets(identity.ownerId) } }),
  ),
];
