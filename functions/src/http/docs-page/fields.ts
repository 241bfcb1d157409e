import { html } from "hono/html";
import { type Described, nameOf, type Schema, schemaOf } from "./described.ts";
import { inline } from "./markdown.ts";

/** What a value may be, in a few words: `integer, 0 to 10`; a named schema as a link to it. */
export function typeOf(schema: Schema): unknown {
  if (schema.$ref !== undefined) return html`<a href="#schema-${nameOf(schema.$ref)}">${nameOf(schema.$ref)}</a>`;
  if (schema.enum !== undefined)
    return html`${schema.enum.map((value, at) => html`${at === 0 ? "" : " · "}<code>${value}</code>`)}`;
  if (schema.const !== undefined) return html`<code>${schema.const}</code>`;
  if (schema.anyOf !== undefined)
    return html`${schema.anyOf.map((one, at) => html`${at === 0 ? "" : " or "}${typeOf(one)}`)}`;
  if (schema.items !== undefined) {
    const { minItems, maxItems } = schema;
    const count = range(minItems, maxItems, " items");
    return html`array of${count === "" ? "" : `${count}, each`} ${typeOf(schema.items)}`;
  }
  if (schema.type === undefined) return "any JSON";
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type;
  return `${type}${schema.format === undefined ? "" : ` (${schema.format})`}${bounds(schema)}`;
}

function bounds({ minimum, maximum, minLength, maxLength }: Schema): string {
  const all = range(minimum, maximum, "") + range(minLength, maxLength, " characters");
  return all === "" ? "" : `,${all}`;
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  const [from, to] = [min?.toLocaleString("en"), max?.toLocaleString("en")];
  if (to === undefined) return from === undefined ? "" : ` at least ${from}${unit}`;
  return from === undefined ? ` at most ${to}${unit}` : ` ${from} to ${to}${unit}`;
}

interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
  readonly description?: string | undefined;
}

/** A row for each field: its name, what it may be, what it means. */
export function fieldTable(fields: readonly Field[]) {
  return html`<dl class="fields">${fields.map(
    ({ name, required, schema, description = schema.description }) => html`<div>
<dt><code>${name}</code>${required ? html` <b class="required">required</b>` : ""}</dt>
<dd><span class="type">${typeOf(schema)}${preset(schema)}</span>${description === undefined ? "" : html` <span>${inline(description)}</span>`}</dd>
</div>`,
  )}</dl>`;
}

function preset({ default: value }: Schema): unknown {
  return value === undefined ? "" : html`, else <code>${JSON.stringify(value)}</code>`;
}

/** The fields of an object; where it is none, what it may be. */
export function schemaFields(described: Described, schema: Schema) {
  const { properties, required = [], ...other } = schemaOf(described, schema);
  if (properties === undefined) return html`<p class="type">${typeOf(other)}</p>`;
  const names = Object.keys(properties);
  // What is always there needs no mark.
  const marked = names.every((name) => required.includes(name)) ? [] : required;
  return fieldTable(names.map((name) => ({ name, required: marked.includes(name), schema: properties[name] ?? {} })));
}
