import { raw } from "hono/html";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** The little of Markdown that our own descriptions use, as HTML: `code`, **strong**. */
export function inline(text = "") {
  const escaped = text.replaceAll(/[&<>"]/g, (char) => entities[char] ?? char);
  return raw(escaped.replaceAll(/`([^`]+)`/g, "<code>$1</code>").replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>"));
}

/** The same, in paragraphs. */
export function paragraphs(text = "") {
  return text.split(/\n\n+/).map((paragraph) => raw(`<p>${inline(paragraph)}</p>`));
}
