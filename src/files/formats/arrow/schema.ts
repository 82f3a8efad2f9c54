import type { IoError } from '../../../errors.js';
import type { Source } from '../../source.js';
import type { NumberType } from '../numbers.js';
import type { FlatTable } from './flatbuffer.js';

/** How the values of a column lie. */
export type Lying =
  | { readonly as: 'numbers'; readonly type: NumberType }
  | { readonly as: 'bits' }
  | { readonly as: 'decimals'; readonly width: number; readonly scale: number }
  | { readonly as: 'texts'; readonly bounds: 'i4' | 'i8' }
  | { readonly as: 'views' }
  | { readonly as: 'other' };

/** A column as the schema says it. */
export interface ArrowField {
  readonly name: string;
  readonly lying: Lying;
  /** What the file calls its type. */
  readonly called: string;
  /** Where its values are places in a list of values, which these are then: the list, and the type of the places. */
  readonly dictionary: { readonly id: number; readonly index: NumberType } | undefined;
  /** What it has in each batch: nodes, buffers, and lists of further buffers, all that lies within it counted. */
  readonly nodes: number;
  readonly buffers: number;
  readonly views: number;
}

export interface ArrowSchema {
  readonly fields: readonly ArrowField[];
  /** Words beside it. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Types in the order of their numbers, and the buffers of each. */
const TYPES: readonly (readonly [called: string, buffers: number])[] = [
  ['nothing', 0],
  ['null', 0],
  ['int', 2],
  ['float', 2],
  ['binary', 3],
  ['utf8', 3],
  ['bool', 2],
  ['decimal', 2],
  ['date', 2],
  ['time', 2],
  ['timestamp', 2],
  ['interval', 2],
  ['list', 2],
  ['struct', 1],
  ['union', 1],
  ['fixed-size binary', 2],
  ['fixed-size list', 1],
  ['map', 2],
  ['duration', 2],
  ['large binary', 3],
  ['large utf8', 3],
  ['large list', 2],
  ['run-end encoded', 0],
  ['binary view', 2],
  ['utf8 view', 2],
  ['list view', 3],
  ['large list view', 3],
];

/** What the format allows and nobody writes. */
export const unsupported = (source: Source, got: string): IoError =>
  source.fault('unsupported', `An Arrow file must be as version 1.0 or later writes it; got ${got}`);

/** A schema, whose fields may not be more than `most`: one can be named many times. */
export function schemaIn(source: Source, table: FlatTable, most: number): ArrowSchema {
  if (table.short(0) !== 0) throw unsupported(source, 'numbers with the most significant byte first');
  let count = 0;
  const fieldIn = (field: FlatTable): ArrowField => {
    if (++count > most) throw new RangeError(`more than ${most} fields`);
    const own = field.tables(5).map(fieldIn);
    const [type, about] = [field.byte(2), field.table(3)];
    const [word, buffers] = TYPES[type] ?? ['an unknown type', 0];
    const encoding = field.table(4);
    const children = own.reduce(
      (sum, child) => ({
        nodes: sum.nodes + child.nodes,
        buffers: sum.buffers + child.buffers,
        views: sum.views + child.views,
      }),
      { nodes: 0, buffers: 0, views: 0 },
    );
    const shared = { name: field.text(0), lying: lyingOf(word, about), called: calledOf(word, about) };
    if (encoding !== undefined) {
      const index = encoding.table(1);
      const dictionary = { id: encoding.long(0), index: index === undefined ? 'i4' : wholeOf(index) } as const;
      return { ...shared, dictionary, nodes: 1, buffers: 2, views: 0 };
    }
    return {
      ...shared,
      dictionary: undefined,
      nodes: 1 + children.nodes,
      // A dense union says where its values lie.
      buffers: buffers + (word === 'union' ? (about?.short(0) ?? 0) : 0) + children.buffers,
      views: (word.endsWith(' view') && !word.includes('list') ? 1 : 0) + children.views,
    };
  };
  const fields = table.tables(1).map(fieldIn);
  return { fields, metadata: wordsIn(table.tables(2)) };
}

/** Words by their keys. */
export const wordsIn = (pairs: readonly FlatTable[]): ReadonlyMap<string, string> =>
  new Map(pairs.map((pair) => [pair.text(0), pair.text(1)]));

const calledOf = (word: string, about: FlatTable | undefined): string =>
  word === 'int' && about !== undefined ? `${about.byte(1) === 0 ? 'uint' : 'int'}${about.int(0)}` : word;

function wholeOf(about: FlatTable): NumberType {
  const bits = about.int(0);
  if (![8, 16, 32, 64].includes(bits)) throw new RangeError(`whole numbers of ${bits} bits`);
  return `${about.byte(1) === 0 ? 'u' : 'i'}${bits / 8}` as NumberType; // one of those in the list
}

const FLOATS = ['f2', 'f4', 'f8'] as const;

function lyingOf(word: string, about: FlatTable | undefined): Lying {
  if (word === 'bool') return { as: 'bits' };
  if (word === 'utf8') return { as: 'texts', bounds: 'i4' };
  if (word === 'large utf8') return { as: 'texts', bounds: 'i8' };
  if (word === 'utf8 view') return { as: 'views' };
  if (about === undefined) return { as: 'other' };
  if (word === 'int') return { as: 'numbers', type: wholeOf(about) };
  if (word === 'decimal') return { as: 'decimals', scale: about.int(1), width: about.int(2, 128) / 8 };
  const type = word === 'float' ? FLOATS[about.short(0)] : undefined;
  return type === undefined ? { as: 'other' } : { as: 'numbers', type };
}
