/** How a table of rows and columns in a file (CSV, TSV, Parquet) is to be read. */
export interface TableOptions {
  /** 'matrix' (default): a row of numbers a line; 'triplets': a row, a column and a value a line, as long tables and ratings have them. */
  readonly layout?: 'matrix' | 'triplets' | undefined;
  /** The columns to be read, by name: of a matrix, or the row, the column and the value of triplets. Default: all that aren't names. */
  readonly columns?: readonly string[] | undefined;
  /** The column that names the rows, by its own name; true: the first; false: none. Default: the first where its fields are words. */
  readonly names?: boolean | string | undefined;
  /** What entries are that triplets don't list: 'zero' (default), or 'missing', as in a table of ratings. */
  readonly unlisted?: 'zero' | 'missing' | undefined;
}

/** How a table that is text is to be read. */
export interface TextTableOptions extends TableOptions {
  /** What stands between fields, one character. Default: found: a tab, ';', ',', '|', or blanks. */
  readonly delimiter?: string | undefined;
  /** Whether the first line holds the names of the columns. Default: whether it is words. */
  readonly header?: boolean | undefined;
  /** Fields of numbers that are missing. Default: an empty one, NA, NaN, nan, N/A, null. */
  readonly missing?: readonly string[] | undefined;
}

const isText = (x: unknown): x is string => typeof x === 'string';
const isTexts = (x: unknown): boolean => Array.isArray(x) && x.every(isText);

/** What each option must be, and whether something is that. */
export const TABLE_RULES = {
  layout: ["'matrix' or 'triplets'", (x) => x === 'matrix' || x === 'triplets'],
  columns: [
    'a list of texts that are not the same',
    (x) => isTexts(x) && new Set(x as string[]).size === (x as string[]).length,
  ], // texts, as was seen
  names: ['true, false or a text', (x) => typeof x === 'boolean' || isText(x)],
  unlisted: ["'zero' or 'missing'", (x) => x === 'zero' || x === 'missing'],
} as const satisfies Readonly<Record<keyof TableOptions, Rule>>;

export const TEXT_TABLE_RULES = {
  ...TABLE_RULES,
  delimiter: [
    'one ASCII character that no number or quote has',
    (x) => isText(x) && /^[\t !#$%&'()*,/:;<=>?@[\\\]^_`{|}~]$/.test(x),
  ],
  header: ['true or false', (x) => typeof x === 'boolean'],
  missing: ['a list of texts', isTexts],
} as const satisfies Readonly<Record<keyof TextTableOptions, Rule>>;

export type Rule = readonly [rule: string, holds: (value: unknown) => boolean];
