import { z } from "zod";
import type { OpenApiDocument } from "../openapi.ts";
import { defineRoute, type Route } from "../route.ts";

/** About the API itself, which has the routes that `all` gives. */
export function metaRoutes(all: () => readonly Route[]): readonly Route[] {
  let made: Promise<OpenApiDocument> | undefined;
  // Loaded and made when somebody asks for it, and then kept.
  const document = () => {
    made ??= import("../openapi.ts").then(({ openApiDocument }) => openApiDocument(all()));
    return made;
  };
  return [
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
        return { status: 200, body: await document(), headers: { "cache-control": "public, max-age=300" } };
      },
    ),
    defineRoute(
      {
        method: "get",
        path: "/api/docs",
        operationId: "getDocs",
        tag: "API",
        summary: "This reference, as a page",
        scope: null,
        params: {},
        answers: { 200: { description: "The page.", schema: z.string(), contentType: "text/html" } },
      },
      async () => {
        const { docsPage } = await import("../docs-page/page.ts");
        return await docsPage(await document());
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
              .strictObject({ secrets: z.array(z.string().meta({ description: "As Standard Webhooks writes them." })) })
              .meta({ id: "SigningSecrets", examples: [{ secrets: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"] }] }),
          },
        },
      },
      async (deps, { identity }) => ({ status: 200, body: { secrets: deps.keys.ownerSecrets(identity.ownerId) } }),
    ),
  ];
}
