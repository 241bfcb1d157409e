import type { Format, OutgoingEvent } from "./format.ts";
import { standardRetries } from "./standard.ts";

/** Slack shows a longer text only in part. Each part that may be long has its own share of this. */
const maxText = 3_000;
const maxName = 400;

/** Slack's incoming webhooks: `{text}` that a person reads. */
export const slack: Format = {
  name: "slack",
  contentType: "application/json",
  retries: standardRetries,
  render: (event) => JSON.stringify({ text: text(event) }),
  // Slack's errors are plain text and final, but for being too fast and its own faults.
  isRetryable: (status) => status === 429 || status >= 500,
};

function text(event: OutgoingEvent): string {
  const type = `*${escapeText(event.type, maxName)}*`;
  if (event.kind === "application") {
    const payload = escapeText(JSON.stringify(event.payload, null, 2), maxText - type.length - 10);
    return `${type}\n\`\`\`${payload}\`\`\``;
  }
  const { task } = event;
  const service = task.service === null ? "" : `${escapeText(task.service, maxName)} `;
  const name = `${type}: ${service}task \`${escapeText(task.id, maxName)}\``;
  const room = maxText - name.length - 40;
  const more = (detail: string | null) => (detail === null ? "" : ` ${escapeText(detail, room)}`);
  switch (event.kind) {
    case "started":
      return `${name} has started.`;
    case "progress":
      return `${name} is at ${Math.round((task.progress ?? 0) * 100)} %.${more(task.message)}`;
    case "completed":
      return `${name} is done.${task.resultUrl === null ? "" : ` ${link(task.resultUrl, room)}`}`;
    case "failed":
      return `${name} ${task.outcome === "expired" ? "took too long" : "failed"}.${more(task.error)}`;
    case "cancelled":
      return `${name} was cancelled.`;
  }
}

/** Only a web address becomes a link: in the same brackets `!channel` would call everybody. A cut link would lead elsewhere. */
function link(url: string, room: number): string {
  const target = escapeText(url.replaceAll("|", "%7C"), Number.POSITIVE_INFINITY);
  return /^https?:\/\/[^\s\p{Cc}]+$/u.test(url) && target.length <= room - 2 ? `<${target}>` : escapeText(url, room);
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** With the three characters escaped that Slack's text format reserves; what has no room is cut off between two characters. */
function escapeText(value: string, room: number): string {
  let escaped = "";
  for (const char of value.toWellFormed()) {
    const next = entities[char] ?? char;
    if (escaped.length + next.length > room - 1) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}
