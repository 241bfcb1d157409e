import fc from "fast-check";
import { type JsonSchema, type Operation, type Parameter, resolved } from "./api-document.ts";
import { mutated, oddText, valuesOf } from "./schema-arbitrary.ts";
import { end, formType, part } from "./uploads.ts";

/** A request as it goes out: nothing in it but text and bytes. */
export interface FuzzedRequest {
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** Requests of an operation: from what it takes to what nobody would send. `ids` are real ones, by the names in the path. */
export function requestsOf(operation: Operation, ids: Readonly<Record<string, string>>): fc.Arbitrary<FuzzedRequest> {
  const { parameters, body } = operation;
  const inPath = parameters.filter((parameter) => parameter.in === "path");
  const path = fc
    .record(Object.fromEntries(inPath.map(({ name }) => [name, segment(ids[name] ?? "none")])))
    .map((all) => operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => all[name] ?? ""));
  const query = fc.oneof(
    { weight: 3, arbitrary: parametersOf(parameters.filter((parameter) => parameter.in === "query")) },
    { weight: 1, arbitrary: fc.dictionary(oddText, oddText, { maxKeys: 3 }) },
  );
  const headers = fc.oneof(
    { weight: 3, arbitrary: parametersOf(parameters.filter((parameter) => parameter.in === "header")) },
    { weight: 2, arbitrary: oddHeaders },
  );
  const isForm = body?.contentType === "multipart/form-data";
  const contentType = isForm ? formType : "application/json";
  const bodies =
    body === undefined
      ? anyBody
      : fc.oneof(
          { weight: 4, arbitrary: isForm ? formsOf(body.schema) : valuesOf(body.schema).map(toJson) },
          { weight: 4, arbitrary: isForm ? brokenForms(body.schema) : mutated(valuesOf(body.schema)).map(toJson) },
          { weight: 2, arbitrary: anyBody },
        );
  const sendsBody = operation.method !== "GET";
  return fc
    .tuple(path, query, headers, sendsBody ? bodies : fc.constant(undefined))
    .map(([where, asked, said, sent]) => {
      const search = new URLSearchParams(
        Object.entries(asked).map(([name, value]) => [name, String(value)]),
      ).toString();
      return {
        path: search === "" ? where : `${where}?${search}`,
        headers: {
          ...(sent === undefined ? {} : { "content-type": contentType }),
          ...said,
        },
        body: sent,
      };
    });
}

/** `multipart/form-data` with the fields of the schema; what is bytes there is a file. */
function formsOf(schema: JsonSchema): fc.Arbitrary<Uint8Array> {
  const { properties } = resolved(schema) as { readonly properties: Readonly<Record<string, JsonSchema>> };
  const fileName = oddText.map((text) => text.toWellFormed().replaceAll(/["\r\n]/g, ""));
  return fc.tuple(valuesOf(schema), fc.string(), fileName).map(([values, content, name]) => {
    const parts = Object.entries(values as Record<string, unknown>).map(([field, value]) =>
      properties[field]?.format === "binary" ? part(field, content, { name }) : part(field, String(value)),
    );
    return Buffer.concat([...parts, end]);
  });
}

/** The same, cut off, said twice, or with something within that does not belong there. */
function brokenForms(schema: JsonSchema): fc.Arbitrary<Uint8Array> {
  return fc.tuple(formsOf(schema), fc.nat(), oddText).map(([form, at, odd]) => {
    const place = at % form.length;
    if (at % 3 === 0) return form.subarray(0, place);
    if (at % 3 === 1) return Buffer.concat([form.subarray(0, -end.length), form]);
    return Buffer.concat([form.subarray(0, place), Buffer.from(odd), form.subarray(place)]);
  });
}

/** What stands for an id in a path: mostly a real one. */
function segment(id: string): fc.Arbitrary<string> {
  const encoded = oddText.map((text) => encodeURIComponent(text.toWellFormed()));
  const raw = fc.constantFrom("%ff", "%2e%2e%2f", "%c0%ae", "%00", "a%2Fb", ";x=1", "constructor", "__proto__");
  const given = encoded.map((text) => (text === "" || /^\.{1,2}$/.test(text) ? "%20" : text));
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(id) },
    { weight: 2, arbitrary: given },
    { weight: 1, arbitrary: raw },
  );
}

function parametersOf(parameters: readonly Parameter[]): fc.Arbitrary<{ readonly [name: string]: string | undefined }> {
  const values = parameters.map(({ in: where, name, schema }) => {
    const right = valuesOf(schema).map(String);
    const given = fc.oneof({ weight: 3, arbitrary: right }, { weight: 2, arbitrary: oddText });
    return [name, where === "header" ? given.map(asHeader) : given] as const;
  });
  return fc.record(Object.fromEntries(values), { requiredKeys: [] });
}

const oddHeaders = fc.record(
  {
    "Idempotency-Key": oddText.map(asHeader),
    "Content-Type": fc.constantFrom(
      "",
      "text/plain",
      "application/json; charset=utf-16",
      "multipart/form-data",
      "application/json",
    ),
    "X-Request-Id": oddText.map(asHeader),
    Authorization: fc.oneof(
      fc.constantFrom("", "Basic eA==", "Bearer", "Bearer a.b.c", "Bearer  "),
      oddText.map(asHeader),
    ),
    "Content-Encoding": fc.constantFrom("gzip", "identity", "br"),
    "X-HTTP-Method-Override": fc.constant("DELETE"),
    Accept: fc.constantFrom("text/html", "*/*", "application/xml"),
    Cookie: oddText.map(asHeader),
    "X-Forwarded-Host": fc.constant("evil.example"),
  },
  { requiredKeys: [] },
);

/** What a header can carry at all (RFC 9110, 5.5): a client cannot send anything else. */
function asHeader(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "").trim();
}

const anyBody: fc.Arbitrary<string | Uint8Array | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.json({ maxDepth: 3 }),
  fc.uint8Array({ maxLength: 100 }),
  fc.constantFrom("", "{", "null", "[]", '{"__proto__":{"admin":true}}', `${"[".repeat(5_000)}${"]".repeat(5_000)}`),
  fc.constantFrom(
    '{"a":1e999}',
    '{"a":1,"a":2}',
    "\ufeff{}",
    `{"a":"${"x".repeat(1_100_000)}"}`,
    '{"prompt":"\\ud800"}',
  ),
);

function toJson(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
