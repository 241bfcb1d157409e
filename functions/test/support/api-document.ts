import { openApiDocument } from "../../src/http/openapi.ts";
import { routes } from "../../src/http/routes/index.ts";

/** A JSON Schema, as far as the tests read it. */
export type JsonSchema = { readonly [key: string]: unknown };

export interface Described {
  readonly description?: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<
    Record<string, { readonly schema: JsonSchema; readonly examples?: Readonly<Record<string, { value: unknown }>> }>
  >;
}

export interface Parameter {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

/** An operation of the OpenAPI document, with its references to answers resolved. */
export interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  /** Null where no key is needed. */
  readonly scope: string | null;
  /** Of which resource each id in the path is. */
  readonly resources: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly body: { readonly contentType: string; readonly schema: JsonSchema; readonly required: boolean } | undefined;
  readonly responses: Readonly<Record<string, Described>>;
}

interface RawOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Described["content"] };
  readonly responses: Readonly<Record<string, Described | { readonly $ref: string }>>;
  readonly "x-scope"?: string;
  readonly "x-resources"?: Readonly<Record<string, string>>;
}

interface RawDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, Described>>;
  };
}

/** The document as a client gets it: what JSON leaves of it. */
export const document: RawDocument = JSON.parse(JSON.stringify(openApiDocument(routes)));

/** Every operation, in the order in which the routes are asked. */
export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, raw]) => toOperation(path, method, raw)),
);

function toOperation(path: string, method: string, raw: RawOperation): Operation {
  const [type, content] = Object.entries(raw.requestBody?.content ?? {})[0] ?? [];
  return {
    operationId: raw.operationId,
    method: method.toUpperCase(),
    path,
    scope: raw["x-scope"] ?? null,
    resources: raw["x-resources"] ?? {},
    tags: raw.tags,
    parameters: raw.parameters ?? [],
    body:
      type === undefined || content === undefined
        ? undefined
        : { contentType: type, schema: content.schema, required: raw.requestBody?.required === true },
    responses: Object.fromEntries(
      Object.entries(raw.responses).map(([status, answer]) => [
        status,
        "$ref" in answer ? referred(answer.$ref) : answer,
      ]),
    ),
  };
}

/** The schema itself, where it is only named. */
export function resolved(schema: JsonSchema): JsonSchema {
  if (typeof schema.$ref !== "string") return schema;
  return resolved(document.components.schemas[schema.$ref.replace("#/components/schemas/", "")] ?? {});
}

function referred(ref: string): Described {
  const found = document.components.responses[ref.replace("#/components/responses/", "")];
  if (found === undefined) throw new Error(`The document refers to ${ref}, which is not in it.`);
  return found;
}

/** The operation that a request belongs to; `path` without its query. HEAD is GET's. */
export function operationOf(method: string, path: string): Operation | undefined {
  const asked = method === "HEAD" ? "GET" : method;
  return operations.find((operation) => operation.method === asked && patternOf(operation.path).test(path));
}

const patterns = new Map<string, RegExp>();

function patternOf(path: string): RegExp {
  const known = patterns.get(path);
  if (known !== undefined) return known;
  const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}/?$`);
  patterns.set(path, pattern);
  return pattern;
}
