import { escapeHtml } from './escape-html.js';
import type { JsonValue } from './json.js';
import { clipped, filledColumns, textTable } from './text-table.js';

/** Cells under their titles; the columns at the places in `words` are flush left, those of numbers right. */
export interface Table {
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
  readonly words?: readonly number[];
}

/** What an object shows of itself: where it is printed, and in a notebook. */
export interface Look {
  /** What it is, in one line: all there is where no more is wanted. */
  readonly title: string;
  /** What is said of it below: sentences and tables. */
  readonly body: readonly (string | Table)[];
}

/** One thing by MIME type: a notebook shows the richest that it knows. */
export type MimeBundle = { readonly [type: string]: JsonValue };

/** What Node and Bun call to print an object, what Deno calls, and what Deno's notebook kernel calls to show it. */
const [PRINTED, PRINTED_BY_DENO, SHOWN] = [
  Symbol.for('nodejs.util.inspect.custom'),
  Symbol.for('Deno.customInspect'),
  Symbol.for('Jupyter.display'),
];

interface PrintOptions {
  readonly depth?: number | null;
  readonly stylize?: (text: string, style: string) => string;
}

/**
 * Makes what gives objects of one kind their look: `console.log` prints it as text, a notebook shows it as HTML or as what
 * `media` makes. Nothing else sees it: it is no key of the object, and neither a copy, JSON nor a comparison has it.
 */
export function displays<T extends object>(
  look: (object: T) => Look,
  media: (object: T, look: Look) => MimeBundle | Promise<MimeBundle> = (_, looked) => ({
    'text/plain': lookText(looked),
    'text/html': lookHtml(looked),
  }),
): <O extends T>(object: O) => O {
  const printed = (object: T, { depth = 0, stylize = (text) => text }: PrintOptions): string => {
    const looked = look(object);
    return depth !== null && depth < 0 ? stylize(`[${clean(looked.title)}]`, 'special') : lookText(looked);
  };
  const own: Readonly<Record<symbol, PropertyDescriptor & ThisType<T>>> = {
    // Node counts the depth that is left down; the depth among the options is that of what is within.
    [PRINTED]: { value(depth: number | null, options?: PrintOptions) { return printed(this, { ...options, depth }); } }, // biome-ignore format: one thought
    [PRINTED_BY_DENO]: { value(_inspect: unknown, options?: PrintOptions) { return printed(this, { ...options, depth: 0 }); } }, // biome-ignore format: one thought
    [SHOWN]: { value() { return media(this, look(this)); } }, // biome-ignore format: one thought
  };
  const symbols = [PRINTED, PRINTED_BY_DENO, SHOWN];
  return (object) => {
    for (const symbol of symbols) Object.defineProperty(object, symbol, own[symbol]);
    return object;
  };
}

/** Lines of a table that are shown, and how many of them are the last ones where some between are left out. */
const [MOST_LINES, LAST_LINES] = [20, 4];

/** Columns that a cell may have in a text. */
const WIDEST = 60;

/** What must not reach a terminal, or break a line there. */
const clean = (text: string): string =>
  text.replace(/[\p{Cc}\p{Surrogate}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');

/** The look as text, without a line break at its end. */
export function lookText({ title, body }: Look): string {
  const part = (one: string | Table) =>
    typeof one === 'string' ? clean(one) : textTable(...cells(one, (text) => clipped(clean(text), WIDEST)), one.words);
  const lines = body.map(part).flatMap((text) => text.split('\n'));
  return [clean(title), ...lines.map((line) => `  ${line}`)].join('\n');
}

/** The look as a piece of HTML; names in it are text. */
export function lookHtml({ title, body }: Look): string {
  const text = (one: string) => escapeHtml(clean(one));
  const part = (one: string | Table) => (typeof one === 'string' ? `<p>${text(one)}</p>` : tableHtml(one, text));
  return `<div><p><b>${text(title)}</b></p>${body.map(part).join('')}</div>`;
}

function tableHtml(table: Table, text: (cell: string) => string): string {
  const [head, lines] = cells(table, text);
  const filled = filledColumns(head, lines);
  const row = (line: readonly string[], tag: 'th' | 'td') => {
    const inner = filled.map((c) => {
      const side = table.words?.includes(c) ? 'left' : 'right';
      return `<${tag} style="text-align: ${side}">${line[c]}</${tag}>`;
    });
    return `<tr>${inner.join('')}</tr>`;
  };
  const below = lines.map((line) => row(line, 'td')).join('');
  return `<table><thead>${row(head, 'th')}</thead><tbody>${below}</tbody></table>`;
}

/** What is shown of a table, cell by cell: of many lines the first and the last. */
function cells({ head, lines }: Table, text: (cell: string) => string): [string[], (readonly string[])[]] {
  const shown = (line: readonly string[]) => line.map(text);
  if (lines.length <= MOST_LINES) return [shown(head), lines.map(shown)];
  const first = MOST_LINES - LAST_LINES - 1;
  const gap = head.map((_, c) => (c === 0 ? `… ${lines.length - first - LAST_LINES} more` : ''));
  return [shown(head), [...lines.slice(0, first).map(shown), gap, ...lines.slice(-LAST_LINES).map(shown)]];
}

/** Five digits, all of them; small numbers by their powers of ten, so that a column of them reads alike. */
export const fiveDigits = (x: number): string =>
  x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(4) : x.toPrecision(5);

/** A number as a look has it. */
export const digits = (x: number): string => (x === 0 ? '0' : String(Number(x.toPrecision(4))));
