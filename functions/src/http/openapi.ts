import { z } from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverrideContext,
  type ZodOpenApiPathsObject,
} from "zod-openapi";
import { about, tags } from "./openapi-about.ts";
import { describedHeaders, problemResponses } from "./openapi-problems.ts";
import type { AnswerSpec, Route } from "./route.ts";

const security = [{ apiKey: [] }, { bearer: [] }];

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** The reference of an API (OpenAPI 3.1), made from its routes and from the schemas that check them. */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  return createDocument(
    {
      openapi: "3.1.0",
      info: { title: "Boomerang", version: "1.0.0", description: about },
      servers: [{ url: "/", description: "Where this document comes from." }],
      security,
      tags: tagsInUse(routes),
      paths: paths(routes),
      components: {
        securitySchemes: {
          apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
          bearer: { type: "http", scheme: "bearer", description: "An API key, or a Firebase ID token." },
        },
      },
    },
    { override: describe },
  );
}

/** Leaves out the bounds that every integer has by itself, and puts back the examples of what is transformed, which zod takes away. */
function describe({ zodSchema, jsonSchema }: ZodOpenApiOverrideContext): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  const { examples } = z.globalRegistry.get(zodSchema) ?? {};
  if (examples !== undefined) jsonSchema.examples = examples;
}

/** In the order in which a reader wants them. */
function tagsInUse(routes: readonly Route[]) {
  const used = new Set(routes.map(({ spec }) => spec.tag));
  const known = Object.keys(tags).filter((name) => used.has(name));
  const all = [...known, ...[...used].filter((name) => !known.includes(name))];
  return all.map((name) => ({ name, description: tags[name] ?? name }));
}

function paths(routes: readonly Route[]): ZodOpenApiPathsObject {
  const all: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    const { path, method } = route.spec;
    all[path] = { ...all[path], [method]: operation(route) };
  }
  return all;
}

function operation({ spec }: Route): ZodOpenApiOperationObject {
  const { operationId, summary, description, tag, scope, query, body } = spec;
  const names = Object.entries<string>(spec.params);
  const path = z.object(
    Object.fromEntries(
      names.map(([name, resource]) => [name, z.string().meta({ description: `Id of the ${resource}.` })]),
    ),
  );
  const header = z.object({
    "Idempotency-Key": z
      .string()
      .regex(/^[ -~]{1,255}$/)
      .optional()
      .meta({ description: "The same key with the same request is one; with another request it is a 409." }),
  });
  return {
    operationId,
    summary,
    tags: [tag],
    ...(description === undefined ? {} : { description }),
    ...(scope === null ? { security: [] } : { "x-scope": scope }),
    ...(names.length === 0 ? {} : { "x-resources": spec.params }),
    requestParams: {
      ...(names.length === 0 ? {} : { path }),
      ...(query instanceof z.ZodObject ? { query } : {}),
      ...(spec.idempotent === true ? { header } : {}),
    },
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: spec.bodyOptional !== true,
            content: { [spec.bodyType ?? "application/json"]: { schema: body } },
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(spec.answers).map(([status, answer]) => [status, response(answer)])),
      ...problemResponses(spec),
    },
  };
}

function response({ description, schema, contentType = "application/json", headers }: AnswerSpec) {
  return {
    description,
    headers: describedHeaders(headers),
    ...(schema === undefined ? {} : { content: { [contentType]: { schema } } }),
  };
}
