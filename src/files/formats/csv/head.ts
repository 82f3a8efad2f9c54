import { numberOf } from '../decimal.js';
import type { TextTableOptions } from '../table-options.js';
import type { Field } from './fields.js';

/** What the first lines of a table say of it. */
export interface Head {
  /** Names of the columns, where the first line holds them; without that of the row names where there is none. */
  readonly header: readonly string[] | undefined;
  /** Whether the first column names the rows. */
  readonly named: boolean;
}

/**
 * Whether a table begins with a line of words, and each line with a word. A field is a word where it is neither a number nor
 * missing, or in quotes that others of its column don't have.
 *
 * @param fault makes the error of a first line that is neither words nor numbers.
 */
export function headOf(
  first: readonly Field[],
  second: readonly Field[] | undefined,
  { header, names, layout }: TextTableOptions,
  missing: ReadonlySet<string>,
  fault: (rule: string) => Error,
): Head {
  const kind = ({ text, quoted }: Field, below?: Field): 'word' | 'number' | 'either' => {
    if (quoted && below?.quoted === false) return 'word';
    if (missing.has(text)) return 'either';
    return numberOf(text.trim()) === null ? 'word' : 'number';
  };
  const isHeader = (): boolean => {
    if (second !== undefined && first.length === second.length - 1) return true;
    if (second !== undefined && first.length > 1 && first[0].text === '' && second[0].text !== '') return true;
    const kinds = first.map((field, c) => kind(field, second?.[c]));
    // Of triplets the value alone can't be a word; and a word at the front may name the row.
    if (layout === 'triplets') return kinds.at(-1) === 'word';
    const tail = first.length === 1 ? kinds : kinds.slice(1);
    if (!tail.includes('word')) return false;
    if (!kinds.includes('number')) return true;
    const word = first[first.length - tail.length + tail.indexOf('word')].text.slice(0, 40);
    throw fault(
      `The first line must hold words or numbers; got both, as '${word}'. Say which by header: true or false`,
    );
  };
  const headed = header ?? isHeader();
  const row = headed ? second : first;
  const short = headed && row !== undefined && first.length === row.length - 1;
  const isNamed = (): boolean => {
    if (layout === 'triplets' || row === undefined || row.length === 1) return false;
    if (short || (headed && first[0].text === '')) return true;
    return kind(row[0], { text: '', quoted: row[1].quoted }) === 'word';
  };
  return {
    header: headed ? [...(short ? [''] : []), ...first.map(({ text }) => text)] : undefined,
    named: typeof names === 'boolean' ? names : names === undefined && isNamed(),
  };
}
