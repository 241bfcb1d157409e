import { createHash } from "node:crypto";
import { SCRIPT, STYLE } from "./page-assets.ts";
import type { ReceivedRequest } from "./received-log.ts";

const SHOWN = 100;

/** Nothing but the page's own style and script may run, whatever somebody sends. */
export const PAGE_HEADERS: Record<string, string> = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
};

function hash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** The page that shows what came, newest first. All of it is a stranger's text, so all of it is escaped. */
export function renderPage(received: readonly ReceivedRequest[], hasSecret: boolean): string {
  const shown = received.slice(-SHOWN).toReversed();
  const good = received.filter(({ verified }) => verified === true).length;
  const bad = received.filter(({ verified }) => verified === false).length;
  const summary = hasSecret
    ? `<b class="good">${good}</b> verified <b class="bad">${bad}</b> not verified`
    : "no secret set, signatures are not checked";
  const more =
    received.length > SHOWN
      ? `<p class="hint">The newest ${SHOWN} are shown; <a href="/received.json">received.json</a> has all.</p>`
      : "";
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>(${received.length}) Receiver</title><style>${STYLE}</style></head>
<body>
<header><h1>Receiver</h1><p id="summary"><b>${received.length}</b> received <span>·</span> ${summary}</p><nav><a href="/received.json">JSON</a></nav></header>
<main id="list">${shown.length > 0 ? shown.map(card).join("\n") : EMPTY}${more}</main>
<script>${SCRIPT}</script>
</body></html>
`;
}

const EMPTY = `<section class="empty"><h2>Nothing yet</h2><p>POST something to any path of this address, and it shows up here.</p></section>`;

function card(request: ReceivedRequest): string {
  const { id, at, method, path, headers, verified, signatures, answered } = request;
  const event = titleOf(request.body);
  const rows = Object.entries(headers).map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const reasons = signatures.flatMap((check) =>
    check.reason === undefined
      ? []
      : [`<p class="reason">${escapeHtml(check.header)}: ${escapeHtml(check.reason)}</p>`],
  );
  return `<article>
<div class="line"><span class="number">#${id}</span><span class="method">${escapeHtml(method)}</span><code class="path">${escapeHtml(path)}</code><time datetime="${at}">${at.slice(11, 23)} UTC</time></div>
<div class="line">${event === "" ? "" : `<strong>${escapeHtml(event)}</strong>`}${badge(
    verified,
    signatures.map(({ header }) => header),
  )}<span class="tag">answered ${answered}</span></div>
${reasons.join("")}<pre>${escapeHtml(bodyText(request))}</pre>
<details data-id="${id}"><summary>${rows.length} headers</summary><table>${rows.join("")}</table></details>
</article>`;
}

function badge(verified: boolean | null, headers: readonly string[]): string {
  if (verified === null) return `<span class="tag">not checked</span>`;
  if (verified) return `<span class="tag good">✓ verified by ${escapeHtml(headers.join(", "))}</span>`;
  return `<span class="tag bad">✗ ${headers.length > 0 ? "wrong signature" : "not signed"}</span>`;
}

/** What the body calls itself, in any of the formats: `task.completed`, `task_completed`, or a status. */
function titleOf(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  const fields: Record<string, unknown> = { ...body };
  const title = fields.type ?? fields.event_type ?? fields.status;
  return typeof title === "string" ? title.slice(0, 80) : "";
}

function bodyText({ body, rawBody }: ReceivedRequest): string {
  const text = typeof body === "string" ? rawBody : JSON.stringify(body, null, 2);
  return text.length > 20_000
    ? `${text.slice(0, 20_000)}\n… (${text.length} characters)`
    : text === ""
      ? "(no body)"
      : text;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
