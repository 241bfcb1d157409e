import { z } from "zod";
import type { ZodOpenApiResponseObject } from "zod-openapi";
import { problemTitles } from "../domain/problem.ts";
import { problemExample } from "./problem-examples.ts";
import type { Route } from "./route.ts";

const request_id = "8c0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f55";

const problem = z
  .strictObject({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: "Stable and machine-readable." }),
    detail: z.string().meta({ description: "What was wrong, and what to do." }),
    errors: z
      .array(z.strictObject({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "One for each bad field." }),
    request_id: z.string().meta({ description: "The same as `X-Request-Id`." }),
  })
  .meta({ id: "Problem", description: "RFC 9457." });

/** What an answer of that status says in its headers. */
const headersOf: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "WWW-Authenticate": "`Bearer`: how to say who you are (RFC 6750)." },
  429: { "Retry-After": "Seconds to wait." },
};

const made = new Map<string, ZodOpenApiResponseObject>();

/** The problem answers of a route, by status: its own, and those that come with what it takes. */
export function problemResponses(spec: Route["spec"]): Record<string, ZodOpenApiResponseObject> {
  return Object.fromEntries(
    Object.entries(problemsOf(spec)).map(([status, codes]) => [status, problemResponse(Number(status), codes)]),
  );
}

function problemsOf({ scope, query, body, bodyType, idempotent, problems = {} }: Route["spec"]) {
  const all: Record<number, string[]> = {};
  const add = (status: number, ...codes: readonly string[]) => {
    all[status] = [...new Set([...(all[status] ?? []), ...codes])];
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
    add(503, "unavailable");
  }
  for (const [status, codes] of Object.entries(problems)) add(Number(status), ...codes);
  add(500, "internal");
  return all;
}

/** One for each set of codes, which all the routes that give it refer to. */
function problemResponse(status: number, codes: readonly string[]): ZodOpenApiResponseObject {
  const id = [status, ...codes].join("-");
  const title = problemTitles[status] ?? "Error";
  const example = (code: string) => {
    const { detail = title, errors } = problemExample(code) ?? {};
    return { type: "about:blank", title, status, code, detail, ...(errors && { errors }), request_id };
  };
  const response = made.get(id) ?? {
    id,
    description: `${title}: ${codes.map((code) => `\`${code}\``).join(", ")}.`,
    headers: describedHeaders(headersOf[status]),
    content: {
      "application/problem+json": {
        schema: problem,
        examples: Object.fromEntries(codes.map((code) => [code, { value: example(code) }])),
      },
    },
  };
  made.set(id, response);
  return response;
}

/** `X-Request-Id`, which every answer has, and these. */
export function describedHeaders(texts: Readonly<Record<string, string>> = {}) {
  const all = { "X-Request-Id": "Names the request in the log.", ...texts };
  return Object.fromEntries(
    Object.entries(all).map(([name, description]) => [
      name,
      { description, required: true, schema: { type: "string" as const } },
    ]),
  );
}
