import type { Table } from '../display.js';
import { escapeHtml } from '../escape-html.js';
import { filledColumns } from '../text-table.js';

/** What can stand in a page as it is. */
export interface Html {
  readonly markup: string;
}

type Part = string | number | Html | readonly Html[];

/** Markup as it is written, with texts escaped where they are put into it: no name can become a tag. */
export function html(written: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return trusted(written.map((text, i) => (i === 0 ? text : `${markupOf(parts[i - 1])}${text}`)).join(''));
}

/** Markup that was made here, or by what draws pictures. */
export const trusted = (markup: string): Html => ({ markup });

const markupOf = (part: Part): string => {
  if (typeof part !== 'object') return escapeHtml(String(part));
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('\n');
};

export interface TableOptions extends Omit<Table, 'words'> {
  readonly caption: string;
  /** The columns that hold texts, beside the first; the others hold numbers. */
  readonly texts?: readonly number[] | undefined;
}

/** A table without the columns in which no line has anything. */
export function filled({ head, lines }: Table): Omit<Table, 'words'> {
  const columns = filledColumns(head, lines);
  const cells = (line: readonly string[]) => columns.map((c) => line[c]);
  return { head: cells(head), lines: lines.map(cells) };
}

/** A table that scrolls by itself where the page is narrow; lines are headed by their first cell. */
export function table({ caption, head, lines, texts = [] }: TableOptions): Html {
  const cell = (text: string, c: number) => {
    if (c === 0) return html`<th scope="row">${text}</th>`;
    return texts.includes(c) ? html`<td class="text"><div>${text}</div></td>` : html`<td>${text}</td>`;
  };
  const title = (text: string, c: number) =>
    texts.includes(c) ? html`<th scope="col" class="text">${text}</th>` : html`<th scope="col">${text}</th>`;
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${head.map(title)}</tr></thead>
<tbody>
${lines.map((line) => html`<tr>${line.map(cell)}</tr>`)}
</tbody>
</table>
</div>`;
}

/** Facts under their names, those that are not known left out. */
export const facts = (entries: readonly (readonly [name: string, fact: string | undefined])[]): Html =>
  html`<dl>
${entries.flatMap(([name, fact]) => (fact === undefined ? [] : [html`<div><dt>${name}</dt><dd>${fact}</dd></div>`]))}
</dl>`;

export const paragraph = (text: string): Html => html`<p>${text}</p>`;

export const list = (items: readonly string[]): Html => html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;

/** Text whose lines stay as they are. */
export const verbatim = (label: string, text: string): Html =>
  html`<pre class="wide" role="region" aria-label="${label}" tabindex="0">${text}</pre>`;
