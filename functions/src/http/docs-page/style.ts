/** Light and dark, wide and narrow. No font or picture is fetched. */
export const style = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1c2430, #d7dde6); --soft: light-dark(#5b6776, #93a0b0); --line: light-dark(#dfe4ea, #2b333e);
  --page: light-dark(#fff, #12161c); --panel: light-dark(#f5f7f9, #191f27); --link: light-dark(#0b5cad, #7db8f5);
  --get: light-dark(#0a6b3d, #5fd39b); --post: light-dark(#0b5cad, #7db8f5); --put: light-dark(#8a5a00, #e8b65a); --delete: light-dark(#a3211b, #ff8a80);
  font: 16px/1.55 system-ui, sans-serif; scroll-padding-top: 1rem;
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--page); display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: 0.86em/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem 1rem 3rem; border-right: 1px solid var(--line); background: var(--panel); font-size: 0.875rem; }
nav input, nav label { display: none; }
nav h2 { font-size: 0.875rem; margin: 1.1rem 0 0.25rem; }
nav h2 a { color: var(--text); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: grid; grid-template-columns: 3.4rem 1fr; align-items: baseline; padding: 0.15rem 0; color: var(--text); }
nav li:only-child > a:not(:has(b)) { display: block; }
nav .method { font-size: 0.7rem; }
main { padding: 2rem clamp(1rem, 4vw, 3.5rem) 6rem; max-width: 90rem; }
h1 { margin: 0 0 1rem; font-size: 2rem; letter-spacing: -0.02em; }
main h2 { margin: 3.5rem 0 0; padding-top: 1.5rem; border-top: 2px solid var(--line); font-size: 1.5rem; letter-spacing: -0.01em; }
h3 { margin: 0; font-size: 1.15rem; }
h3 a { color: inherit; }
h4 { margin: 1.25rem 0 0.25rem; font-size: 0.95rem; }
header p { max-width: 46rem; }
.operation, .schema { margin-top: 2.25rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
.route { margin: 0.25rem 0 0.75rem; }
.method { font: 700 0.8rem ui-monospace, Menlo, Consolas, monospace; }
.GET { color: var(--get); } .POST { color: var(--post); } .PUT, .PATCH { color: var(--put); } .DELETE { color: var(--delete); }
.scope { color: var(--soft); font-size: 0.875rem; margin-left: 0.5rem; white-space: nowrap; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 30rem); gap: 2rem; align-items: start; }
.columns > div > p:first-child { margin-top: 0; }
dl { margin: 0; }
.fields > div { padding: 0.5rem 0; border-top: 1px solid var(--line); }
.fields > div:first-child { border-top: 0; }
.fields dt code { font-weight: 600; }
dd { margin: 0; }
.fields dd { font-size: 0.925rem; }
.type { color: var(--soft); }
.fields dd span + span::before { content: "\\2014\\00a0"; color: var(--soft); }
.required { color: var(--delete); font-size: 0.75rem; font-weight: 600; margin-left: 0.35rem; }
.answers > div { display: grid; grid-template-columns: 3.2rem 1fr; padding: 0.2rem 0; }
.answers ul { margin: 0; padding: 0; list-style: none; }
summary { cursor: pointer; }
details > summary { color: var(--soft); margin-top: 0.75rem; font-size: 0.925rem; }
pre { margin: 0.5rem 0 0; padding: 0.85rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 0.5rem; overflow-x: auto; max-height: 28rem; }
pre code { overflow-wrap: normal; }
:target { scroll-margin-top: 1rem; }
.operation:target > h3, .schema:target > h3 { color: var(--link); }
@media (max-width: 75rem) { .columns { grid-template-columns: minmax(0, 1fr); gap: 0.75rem; } }
@media (max-width: 52rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: none; border-right: 0; border-bottom: 1px solid var(--line); padding: 0.75rem 1rem; }
  nav label { display: inline-block; font-weight: 600; cursor: pointer; }
  nav input { display: inline-block; margin: 0 0.5rem 0 0; }
  nav input:not(:checked) ~ div { display: none; }
  main { padding-top: 1.25rem; }
}
@media print { nav { display: none; } body { display: block; } }
`;
