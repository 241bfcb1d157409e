import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { problemTitles } from "../domain/problem.ts";
import type { AnswerSpec, Route } from "./route.ts";
import { routes } from "./routes/index.ts";

const problem = z
  .looseObject({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: "Stable and machine-readable." }),
    detail: z.string().meta({ description: "What was wrong, and what to do." }),
    errors: z
      .array(z.strictObject({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "One for each bad field." }),
    request_id: z.string(),
  })
  .meta({ id: "Problem", description: "RFC 9457." });

const security = [{ apiKey: [] }, { bearer: [] }];

let made: ReturnType<typeof createDocument> | undefined;

/** The reference of the whole API (OpenAPI 3.1), made from the routes and from the schemas that check them. */
export function openApiDocument(): ReturnType<typeof createDocument> {
  made ??= createDocument({
    openapi: "3.1.0",
    info: {
      title: "Boomerang",
      version: "1.0.0",
      description:
        "Slow work, done by external services that answer by webhook: sent out once, taken back exactly once, told to everybody who asked.",
    },
    servers: [{ url: "/" }],
    security,
    tags: [...new Set(routes.map(({ spec }) => spec.tag))].map((name) => ({ name })),
    paths: paths(),
    components: {
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer", description: "An API key, or a Firebase ID token." },
      },
    },
  });
  return made;
}

function paths(): ZodOpenApiPathsObject {
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
      .min(1)
      .max(255)
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
      ...Object.fromEntries(
        Object.entries(problemsOf(spec)).map(([status, codes]) => [status, problemResponse(Number(status), codes)]),
      ),
    },
  };
}

function response({ description, schema, contentType = "application/json", headers = {} }: AnswerSpec) {
  const described = { "X-Request-Id": "Names the request in the log.", ...headers };
  return {
    description,
    headers: Object.fromEntries(
      Object.entries(described).map(([name, text]) => [
        name,
        { description: text, schema: { type: "string" as const } },
      ]),
    ),
    ...(schema === undefined ? {} : { content: { [contentType]: { schema } } }),
  };
}

/** Every problem that a route can answer with: its own, and those that come with what it takes. */
function problemsOf({ scope, query, body, bodyType, idempotent, problems = {} }: Route["spec"]) {
  const all: Record<number, string[]> = {};
  const add = (status: number, ...codes: readonly string[]) => {
    all[status] = [...(all[status] ?? []), ...codes];
  };
  if (query !== undefined || body !== undefined || idempotent === true) add(400, "validation_failed");
  if (body !== undefined) {
    if (bodyType === undefined) add(400, "not_json");
    add(413, "body_too_large");
    add(415, "unsupported_media_type");
  }
  if (scope !== null) {
    add(401, "unauthenticated");
    add(403, "forbidden");
    add(429, "too_many_requests");
  }
  for (const [status, codes] of Object.entries(problems)) add(Number(status), ...codes);
  add(500, "internal");
  return all;
}

function problemResponse(status: number, codes: readonly string[]) {
  const title = problemTitles[status] ?? "Error";
  const detail = "What was wrong, and what to do.";
  const examples = Object.fromEntries(
    codes.map((code) => [
      code,
      {
        value: { type: "about:blank", title, status, code, detail, request_id: "8c0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f55" },
      },
    ]),
  );
  return {
    ...response({ description: `${title}: ${codes.map((code) => `\`${code}\``).join(", ")}.` }),
    content: { "application/problem+json": { schema: problem, examples } },
  };
}
