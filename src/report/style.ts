/** How a report looks: on a screen, light or dark, on a narrow one, and on paper. Pictures keep a white ground. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #222; --soft: #666; --line: #d8d8d8; --ground: #fff; --band: #f5f6f7; --mark: #2c728e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --soft: #a0a0a0; --line: #444; --ground: #181a1c; --band: #232629; --mark: #6ec5de; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 76rem; color: var(--ink); background: var(--ground);
  font: 16px/1.5 'DejaVu Sans', Verdana, system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 0; padding-top: 0.6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.8rem 0 0.5rem; }
a { color: var(--mark); }
nav { margin: 1.5rem 0; padding: 0.8rem 1.2rem; background: var(--band); border-radius: 6px; }
nav h2 { font-size: 1rem; margin: 0; padding: 0; border: 0; }
nav ol { margin: 0.3rem 0 0; padding-left: 1.4rem; columns: 16rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 0.7rem 1.5rem; margin: 1rem 0; }
dl div { min-width: 0; }
dt { color: var(--soft); font-size: 0.8rem; }
dd { margin: 0; }
.notes { border-left: 4px solid #e0a030; background: var(--band); padding: 0.6rem 1rem; margin: 1rem 0; }
.notes h2 { font-size: 1rem; margin: 0; padding: 0; border: 0; }
.notes ul { margin: 0.3rem 0 0; padding-left: 1.2rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
.tall { max-height: 34rem; overflow-y: auto; }
pre { background: var(--band); padding: 0.8rem 1rem; border-radius: 6px; font: 13px/1.45 'DejaVu Sans Mono', Consolas, monospace; }
table { border-collapse: collapse; font-size: 0.85rem; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.4rem; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
thead th { border-bottom: 2px solid var(--line); white-space: normal; vertical-align: bottom; }
tbody th { font-weight: 600; }
th:first-child, .text { text-align: left; }
td.text div { white-space: normal; width: max-content; max-width: 14rem; }
.reasons td.text div { max-width: 44rem; }
section { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: flex-start; }
section > * { flex: 0 0 100%; min-width: 0; }
section > figure { flex: 0 1 auto; min-width: min(16rem, 100%); max-width: 100%; margin: 0.8rem 0; }
figcaption { width: 0; min-width: 100%; }
.picture { overflow-x: auto; background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem; }
.picture svg, .picture img { display: block; }
figcaption { color: var(--soft); font-size: 0.85rem; margin-top: 0.4rem; }
summary { cursor: pointer; color: var(--soft); font-size: 0.9rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.8rem; }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --ground: #fff; --band: #f5f6f7; --mark: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { break-after: avoid; }
  h2, h3 { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  .wide, .tall, .picture { overflow: visible; max-height: none; border: 0; }
  .picture svg, .picture img { max-width: 100%; height: auto; max-height: 24cm; }
  pre { white-space: pre-wrap; }
  table { font-size: 7.5pt; }
  th, td { padding: 0.2rem 0.4rem; white-space: normal; }
  td.text div { width: auto; }
}
`;
