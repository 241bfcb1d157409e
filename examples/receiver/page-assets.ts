/** The page's style: system fonts, and the reader's own choice of light or dark. */
export const STYLE = `
:root { --bg: #f5f6f8; --card: #fff; --text: #1a2130; --dim: #667085; --line: #e3e7ee; --soft: #f0f2f6; --accent: #2f5bd7; --good: #11784a; --good-bg: #dff5e9; --bad: #b3261e; --bad-bg: #fde7e5; }
@media (prefers-color-scheme: dark) { :root { --bg: #10141c; --card: #181e29; --text: #e6eaf2; --dim: #93a0b5; --line: #283041; --soft: #121823; --accent: #8fb0ff; --good: #69dba1; --good-bg: #14382a; --bad: #ff9a92; --bad-bg: #46201e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 18px; padding: 14px max(20px, calc(50vw - 460px)); background: var(--card); border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 19px; letter-spacing: -.01em; }
header p { margin: 0; color: var(--dim); }
header span { padding: 0 4px; }
header b { color: var(--text); font-variant-numeric: tabular-nums; }
header b.bad { margin-left: 10px; }
header nav { margin-left: auto; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
main { max-width: 960px; margin: 0 auto; padding: 20px; display: grid; gap: 14px; }
article { min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; }
.line + .line { margin-top: 8px; }
.number, time { color: var(--dim); font-variant-numeric: tabular-nums; }
time { margin-left: auto; }
.method { font-weight: 650; font-size: 13px; color: var(--accent); }
code, pre, td, th { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.path { overflow-wrap: anywhere; }
.tag { font-size: 12.5px; padding: 1px 9px; border-radius: 20px; background: var(--soft); color: var(--dim); }
.tag.good { background: var(--good-bg); color: var(--good); }
.tag.bad { background: var(--bad-bg); color: var(--bad); }
b.good { color: var(--good); }
b.bad { color: var(--bad); }
.reason { margin: 8px 0 0; color: var(--bad); }
pre { margin: 12px 0 8px; padding: 11px 13px; max-height: 480px; overflow: auto; background: var(--soft); border-radius: 7px; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--dim); font-size: 13.5px; }
table { border-collapse: collapse; margin-top: 8px; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 3px 14px 3px 0; font-size: 12.5px; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 500; color: var(--dim); white-space: nowrap; }
.empty { text-align: center; padding: 90px 20px; color: var(--dim); }
.empty h2 { margin: 0 0 4px; color: var(--text); font-size: 17px; }
.empty p, .hint { margin: 0; }
.hint { text-align: center; color: var(--dim); }
@media (max-width: 600px) { main { padding: 12px; } th { white-space: normal; min-width: 90px; } }
`;

/** Looks for news every second and replaces the list; what the reader opened stays open. */
export const SCRIPT = `
let shown = document.getElementById("list").innerHTML;
async function refresh() {
  try {
    const text = await (await fetch("/")).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    document.title = page.title;
    const news = page.getElementById("list").innerHTML;
    if (news === shown) return;
    const open = new Set([...document.querySelectorAll("details[open]")].map((details) => details.dataset.id));
    for (const details of page.querySelectorAll("details")) details.open = open.has(details.dataset.id);
    document.getElementById("list").replaceChildren(...page.getElementById("list").childNodes);
    document.getElementById("summary").replaceWith(page.getElementById("summary"));
    shown = news;
  } catch {
    document.title = "(offline) Receiver";
  }
}
setInterval(() => document.hidden || refresh(), 1000);
`;
