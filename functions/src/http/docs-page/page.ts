import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { OpenApiDocument } from "../openapi.ts";
import { type Described, describedBy } from "./described.ts";
import { schemaFields } from "./fields.ts";
import { inline, paragraphs } from "./markdown.ts";
import { operationSection, operationsOf } from "./operation.ts";
import { style } from "./style.ts";

/**
 * The reference as one page, made from the OpenAPI document: no script, and nothing that is fetched from anywhere. As the page has
 * no script, the Content-Security-Policy allows nothing but its own style.
 */
export async function docsPage(document: OpenApiDocument): Promise<Response> {
  const styleHash = createHash("sha256").update(style).digest("base64");
  return new Response(String(await page(describedBy(document))), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "public, max-age=300",
    },
  });
}

function page(described: Described) {
  const { info, tags, components } = described;
  const all = operationsOf(described);
  const groups = tags.map((tag) => ({ ...tag, own: all.filter(({ operation }) => operation.tags.includes(tag.name)) }));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<link rel="icon" href="data:,">
<style>${raw(style)}</style>
</head>
<body>
<nav aria-label="Contents"><input type="checkbox" id="contents"><label for="contents">Contents</label><div>
<ul><li><a href="#top">About the API</a></li></ul>
${groups.map(
  ({ name, own }) => html`<h2><a href="#tag-${slug(name)}">${name}</a></h2>
<ul>${own.map(({ method, path, operation }) => html`<li><a href="#${operation.operationId}" title="${method} ${path}"><b class="method ${method}">${method}</b> <span>${inline(operation.summary)}</span></a></li>`)}</ul>`,
)}
<h2><a href="#schemas">Schemas</a></h2>
</div></nav>
<main>
<header id="top"><h1>${info.title} API</h1>
${paragraphs(info.description)}
<p>The same for machines: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1). For the examples, set <code>BOOMERANG_URL</code> to where
this page comes from, without a path, and <code>BOOMERANG_API_KEY</code> to your key.</p></header>
${groups.map(
  ({ name, description, own }) => html`<section><h2 id="tag-${slug(name)}">${name}</h2><p>${inline(description)}</p>
${own.map((named) => operationSection(described, named))}</section>`,
)}
<section><h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => html`<section class="schema" id="schema-${name}"><h3><a href="#schema-${name}">${name}</a></h3>
${schema.description === undefined ? "" : paragraphs(schema.description)}${schemaFields(described, schema)}</section>`,
)}
</section>
</main>
</body>
</html>`;
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(/\W+/g, "-");
}
