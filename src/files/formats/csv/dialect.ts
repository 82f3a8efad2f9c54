import { NEWLINE, RETURN, SPACE } from '../decimal.js';

export const QUOTE = 0x22;
const COMMA = 0x2c;
/** What may stand between fields, the surest first; blanks last, for words have them. */
const DELIMITERS = [...new TextEncoder().encode('\t;,|'), SPACE];

/** The delimiter of a table by its first two lines: the surest that both have as often, or the second once more, as R writes tables. */
export function delimiterOf(sample: Uint8Array): number {
  const [first, second = first] = countsOf(sample);
  const ranks = [
    (d: number) => first[d] > 0 && second[d] === first[d],
    (d: number) => first[d] > 0 && second[d] === first[d] + 1,
    (d: number) => first[d] === 0 && second[d] === 1,
    (d: number) => first[d] > 0 && DELIMITERS[d] !== SPACE,
  ];
  for (const holds of ranks) {
    const found = DELIMITERS.findIndex((_, d) => holds(d));
    if (found >= 0) return DELIMITERS[found];
  }
  return COMMA;
}

/** How often each stands in the first two lines that aren't empty, outside quotes; of the second only where it is whole. */
function countsOf(sample: Uint8Array): readonly (readonly number[])[] {
  const out: number[][] = [];
  let counts = DELIMITERS.map(() => 0);
  let [quoted, empty] = [false, true];
  for (let p = 0; p < sample.length && out.length < 2; p++) {
    const byte = sample[p];
    if (byte === QUOTE) quoted = !quoted;
    if (quoted) continue;
    if (byte === NEWLINE) {
      if (!empty) out.push(counts);
      counts = DELIMITERS.map(() => 0);
      empty = true;
    } else if (byte === SPACE) {
      // A run of blanks is one, and at the ends of a line none.
      const after = sample[p + 1];
      if (!empty && after !== SPACE && after !== NEWLINE && after !== RETURN) counts[DELIMITERS.indexOf(SPACE)]++;
    } else if (byte !== RETURN) {
      empty = false;
      const d = DELIMITERS.indexOf(byte);
      if (d >= 0) counts[d]++;
    }
  }
  return out.length === 0 ? [counts] : out;
}
