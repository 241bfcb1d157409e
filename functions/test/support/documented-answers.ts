import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { type Described, document, type JsonSchema, operationOf } from "./api-document.ts";

/** An answer as it came, to be held against the OpenAPI document. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
addFormats.default(ajv);
ajv.addSchema({ $id: "document", ...document });
const compiled = new Map<JsonSchema, ValidateFunction>();

/** What is wrong with the value by a schema of the document; undefined where nothing is. */
export function schemaErrors(schema: JsonSchema, value: unknown): string | undefined {
  const validate = compiled.get(schema) ?? ajv.compile(withinDocument(schema));
  compiled.set(schema, validate);
  return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: "it", separator: "; " });
}

/** References begin at the document, wherever the schema stands in it. */
function withinDocument(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"document#/'));
}

/**
 * Holds a real answer against the document: its status, headers, content type and body, with no field that is not described.
 * Throws with what is wrong. What belongs to no operation must be a 401, or say that there is no such path or method.
 */
export function checkDocumented(method: string, target: string, answer: Answered): void {
  // As a client sends it: without its query and its dots.
  const path = new URL(`http://api${target}`).pathname;
  const wrong = fault(method, path, answer);
  if (wrong === undefined) return;
  throw new Error(
    `${method} ${path} answered ${answer.status}, not as documented: ${wrong}\n${answer.text.slice(0, 1_000)}`,
  );
}

function fault(method: string, path: string, { status, headers, text }: Answered): string | undefined {
  const operation = operationOf(method, path);
  if (operation === undefined) {
    const { code } = JSON.parse(text || "{}");
    const known = [401, 404, 405].includes(status) && (method === "HEAD" || /^(unauth|not_found|method)/.test(code));
    return known ? undefined : "the document has no such operation";
  }
  const described = operation.responses[status];
  if (described === undefined)
    return `${operation.operationId} documents ${Object.keys(operation.responses).join(", ")}`;
  const missing = Object.entries(described.headers ?? {}).find(
    ([name, { required }]) => required && !headers.has(name),
  );
  if (missing !== undefined) return `the header ${missing[0]} is missing`;
  return method === "HEAD" ? undefined : bodyFault(described, headers.get("content-type"), text);
}

function bodyFault({ content }: Described, type: string | null, text: string): string | undefined {
  if (content === undefined) return text === "" ? undefined : "it has a body";
  const sent = type?.split(";")[0]?.trim() ?? "";
  const media = content[sent];
  if (media === undefined) return `its Content-Type is ${type}`;
  if (!/[/+]json$/.test(sent)) return undefined;
  const body: unknown = JSON.parse(text);
  if (sent === "application/problem+json") {
    const { code } = body as { code: string };
    if (!Object.hasOwn(media.examples ?? {}, code)) return `its code ${code} is not one of this status`;
  }
  return schemaErrors(media.schema, body);
}
