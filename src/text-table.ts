/** Characters that take two columns of a terminal: those of East Asia, and pictures. */
const WIDE =
  /(?![\uff61-\uffdc])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|\ufe0f/u;

/** A character that only changes the one before it begins a text: it takes no column. */
const NO_COLUMN = /^[\p{M}\p{Cf}]+$/u;

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

// Letters of most tables, one column each.
const PLAIN = /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0373\u0391-\u03ff]*$/;

const widthOfOne = (grapheme: string): number => (NO_COLUMN.test(grapheme) ? 0 : WIDE.test(grapheme) ? 2 : 1);

/** Columns that a text takes in a terminal, nearly: accents take none, letters of East Asia and pictures two. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfOne(segment);
  return width;
}

/** A text cut to a width, the last column an ellipsis. */
export function clipped(text: string, most: number): string {
  if (widthOf(text) <= most) return text;
  let [kept, width] = ['', 0];
  for (const { segment } of graphemes.segment(text)) {
    width += widthOfOne(segment);
    if (width >= most) break;
    kept += segment;
  }
  return `${kept}…`;
}

/**
 * Lines of cells as text, columns flush right under their titles; columns in which no line has anything are left out.
 *
 * @param left the places of columns that are flush left: words; default none
 */
export function textTable(
  head: readonly string[],
  lines: readonly (readonly string[])[],
  left: readonly number[] = [],
): string {
  const filled = filledColumns(head, lines);
  const widths = filled.map((c) => Math.max(widthOf(head[c]), ...lines.map((line) => widthOf(line[c]))));
  const cell = (text: string, c: number, width: number) => {
    const space = ' '.repeat(width - widthOf(text));
    return left.includes(c) ? text + space : space + text;
  };
  const text = (line: readonly string[]) =>
    filled
      .map((c, at) => cell(line[c], c, widths[at]))
      .join('  ')
      .trimEnd();
  return [head, ...lines].map(text).join('\n');
}

/** Columns in which some line has something. */
export const filledColumns = (head: readonly string[], lines: readonly (readonly string[])[]): readonly number[] =>
  head.flatMap((_, c) => (lines.some((line) => line[c] !== '') ? [c] : []));
