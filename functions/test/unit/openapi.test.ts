import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { createApp } from "../../src/http/app.ts";
import { problemExample } from "../../src/http/problem-examples.ts";
import { routes } from "../../src/http/routes/index.ts";
import { type Described, document, type JsonSchema, operations, resolved } from "../support/api-document.ts";
import { schemaErrors } from "../support/documented-answers.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const answers = operations.flatMap((operation) =>
  Object.entries(operation.responses).map(([status, described]) => ({
    name: operation.operationId,
    status,
    described,
  })),
);

/** The examples of a schema, where they stand. */
function examplesOf(schema: JsonSchema): unknown[] {
  return [...((resolved(schema).examples as unknown[] | undefined) ?? [])];
}

test("the document is valid OpenAPI 3.1", () => {
  const folder = mkdtempSync(join(tmpdir(), "openapi-"));
  try {
    const file = join(folder, "openapi.json");
    writeFileSync(file, JSON.stringify(document));
    const validator = join(
      __dirname,
      "../../../node_modules/@seriousme/openapi-schema-validator/bin/validate-api-cli.js",
    );
    const verdict = execFileSync(process.execPath, [validator, file], { encoding: "utf8" });
    expect(JSON.parse(verdict)).toEqual({ valid: true });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every route that the app serves is in it, and the reverse", () => {
  const db = newTestFirestore();
  const served = createApp(createTestDeps(db)).routes.filter(({ path }) => path !== "/*");
  const named = served.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  expect(named.sort()).toEqual(operations.map(({ method, path }) => `${method} ${path}`).sort());
  expect(named.length).toBeGreaterThan(20);
});

test("no two operations have the same name, and each is filed under tags that are described", () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  const { tags } = document as unknown as { tags: { name: string; description: string }[] };
  expect(tags.filter(({ name, description }) => description === name)).toEqual([]);
  const known = tags.map(({ name }) => name);
  expect(operations.flatMap((operation) => operation.tags).filter((tag) => !known.includes(tag))).toEqual([]);
});

test("what a route checks is described: its path's ids, its query, its body", () => {
  for (const { spec } of routes) {
    const operation = operations.find(({ operationId }) => operationId === spec.operationId);
    const names = (where: string) =>
      operation?.parameters.filter((parameter) => parameter.in === where).map(({ name }) => name);
    expect(names("path")).toEqual([...spec.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    expect(Object.keys(operation?.resources ?? {}).sort()).toEqual(names("path")?.sort());
    if (spec.query !== undefined) {
      expect([spec.operationId, spec.query instanceof z.ZodObject]).toEqual([spec.operationId, true]);
      expect(names("query")).toEqual(Object.keys((spec.query as z.ZodObject).shape));
    }
    expect([spec.operationId, operation?.body === undefined]).toEqual([spec.operationId, spec.body === undefined]);
  }
});

test("each request body has an id and an example, and every example of it passes", () => {
  for (const { operationId, body } of operations) {
    if (body === undefined) continue;
    expect([operationId, body.schema.$ref]).toEqual([operationId, expect.stringMatching(/^#/)]);
    const examples = examplesOf(body.schema);
    expect([operationId, examples.length > 0]).toEqual([operationId, true]);
    for (const example of examples)
      expect([operationId, schemaErrors(body.schema, example)]).toEqual([operationId, undefined]);
  }
});

test("each answer has an example, and every example of it is such an answer", () => {
  for (const { name, status, described } of answers) {
    for (const [type, { schema, examples = {} }] of Object.entries(described.content ?? {})) {
      if (!type.endsWith("json") || name === "getOpenApi") continue;
      const all = [...examplesOf(schema), ...Object.values(examples).map(({ value }) => value)];
      expect([name, status, all.length > 0]).toEqual([name, status, true]);
      for (const example of all)
        expect([name, status, schemaErrors(schema, example)]).toEqual([name, status, undefined]);
    }
  }
});

test("each code of a problem has an example that says what was wrong", () => {
  const codes = answers.flatMap(({ described }) => Object.keys(problem(described)?.examples ?? {}));
  expect([...new Set(codes)].filter((code) => problemExample(code) === undefined)).toEqual([]);
  expect(codes.length).toBeGreaterThan(0);
});

test("whatever may name an unknown service may name one of an unknown provider", () => {
  const codes = answers.map(({ name, described }) => [name, Object.keys(problem(described)?.examples ?? {})] as const);
  const submitting = codes.filter(([, all]) => all.includes("unknown_service"));
  expect(submitting.filter(([, all]) => !all.includes("unknown_provider"))).toEqual([]);
  expect(submitting).toHaveLength(5);
});

test("each operation documents what it refuses, with its headers", () => {
  for (const { operationId, scope, responses } of operations) {
    const statuses = Object.keys(responses);
    const always = scope === null ? ["500"] : ["401", "403", "429", "500"];
    expect([operationId, ...always.filter((status) => !statuses.includes(status))]).toEqual([operationId]);
    if (scope === null) continue;
    expect(responses["401"]?.headers).toHaveProperty("WWW-Authenticate");
    expect(responses["429"]?.headers).toHaveProperty("Retry-After");
  }
});

function problem({ content }: Described) {
  return content?.["application/problem+json"];
}
