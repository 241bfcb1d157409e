import { html } from "hono/html";
import { type Answer, answerOf, type Described, type Operation, type Schema, schemaOf } from "./described.ts";
import { fieldTable, schemaFields, typeOf } from "./fields.ts";
import { inline, paragraphs } from "./markdown.ts";

export interface Named {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** All of them, in the order of the document. */
export function operationsOf({ paths }: Described): Named[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** One operation: what it takes on the left, how that looks on the right. */
export function operationSection(described: Described, named: Named) {
  const { method, path, operation } = named;
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const scope = operation["x-scope"];
  const answers = Object.entries(responses).map(([status, answer]) => [status, answerOf(described, answer)] as const);
  const good = answers.filter(([status]) => status < "400");
  const problems = answers.filter(([status]) => status >= "400");
  return html`<section class="operation" id="${operationId}">
<h3><a href="#${operationId}">${inline(summary)}</a></h3>
<p class="route"><b class="method ${method}">${method}</b> <code>${path}</code>
<span class="scope">${scope === undefined ? "no key" : html`scope <code>${scope}</code>`}</span></p>
<div class="columns"><div>
${description === undefined ? "" : paragraphs(description)}
${
  parameters.length === 0
    ? ""
    : html`<h4>Parameters</h4>${fieldTable(
        parameters.map(({ name, in: where, required = false, schema, description: text }) => {
          return {
            name,
            required,
            schema,
            description: [text, where === "header" ? "A header." : ""].join(" ").trim(),
          };
        }),
      )}`
}
${Object.entries(requestBody?.content ?? {}).map(
  ([type, { schema }]) =>
    html`<h4>Body${type === "application/json" ? "" : html` <code>${type}</code>`}</h4>${schemaFields(described, schema)}`,
)}
<h4>Answers</h4>
<dl class="answers">${good.map(([status, answer]) => answerRow(status, answer))}</dl>
<details><summary>Problems: ${problems.map(([status]) => status).join(", ")}</summary>
<dl class="answers">${problems.map(([status, answer]) => problemRow(status, answer))}</dl></details>
</div><div class="examples">
<pre tabindex="0"><code>${curl(described, named)}</code></pre>
${good.map(([status, answer]) => exampleOf(described, status, answer))}
</div></div></section>`;
}

function answerRow(status: string, { description, content = {} }: Answer) {
  const types = Object.entries(content).map(([type, { schema }]) => html` ${answerType(type, schema)}`);
  return html`<div><dt><code>${status}</code></dt><dd>${inline(description)}${types}</dd></div>`;
}

function answerType(type: string, schema: Schema): unknown {
  if (!type.endsWith("json")) return html`<span class="type">${type}</span>`;
  const { items } = schema.properties?.data ?? {};
  return items === undefined
    ? html`<span class="type">${typeOf(schema)}</span>`
    : html`<span class="type">list of ${typeOf(items)}</span>`;
}

function problemRow(status: string, { content = {} }: Answer) {
  const examples = Object.entries(content["application/problem+json"]?.examples ?? {});
  return html`<div><dt><code>${status}</code></dt><dd><ul>${examples.map(
    ([code, { value }]) => html`<li><code>${code}</code> ${(value as { detail: string }).detail}</li>`,
  )}</ul></dd></div>`;
}

function exampleOf(described: Described, status: string, { content = {} }: Answer) {
  const { schema } = content["application/json"] ?? {};
  const [example] = schema === undefined ? [] : (schemaOf(described, schema).examples ?? []);
  if (example === undefined) return "";
  return html`<details><summary>Answer <code>${status}</code></summary><pre tabindex="0"><code>${pretty(example)}</code></pre></details>`;
}

/** A request that works as it stands, once the two variables are set and the ids are real. */
function curl(described: Described, { method, path, operation }: Named): string {
  const [[type, media] = []] = Object.entries(operation.requestBody?.content ?? {});
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}"$BOOMERANG_URL${path}"`];
  if (operation["x-scope"] !== undefined) lines.push('-H "X-API-Key: $BOOMERANG_API_KEY"');
  const schema = media === undefined ? undefined : schemaOf(described, media.schema);
  const example = schema?.examples?.[0];
  if (type === "application/json") {
    lines.push('-H "Content-Type: application/json"', `-d '${pretty(example).replaceAll("'", "'\\''")}'`);
  }
  if (type === "multipart/form-data") {
    for (const [name, value] of Object.entries(example ?? {})) {
      const isFile = schema?.properties?.[name]?.format === "binary";
      lines.push(`-F ${name}=${isFile ? "@report.pdf" : value}`);
    }
  }
  return lines.join(" \\\n  ");
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
