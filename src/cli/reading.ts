import { type Command, InvalidArgumentError, Option } from 'commander';
import { FORMATS } from '../files/formats/detect.js';
import { type MatrixReading, READING_RULES } from '../files/read-matrix.js';
import { show } from '../issues.js';
import { oneOf } from './values.js';

/** How files of data are read; what `readMatrix` takes. */
export type Reading = MatrixReading;
type Name = keyof Reading;

/** An option of `readMatrix` in a shell. */
interface Flag {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** The value that a text stands for; default: the text. */
  readonly value?: (text: string) => unknown;
}

const truth = (text: string): unknown => (text === 'true' || text === 'false' ? text === 'true' : text);

/** 'a,b', or as JSON where a text has a comma. */
function texts(text: string): unknown {
  if (!text.startsWith('[')) return text.split(',');
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be texts with commas between them, or a list as JSON: \'["a,b","c"]\'.');
  }
}

const BLANKS: Readonly<Record<string, string>> = { tab: '\t', space: ' ' };

const FLAGS: Readonly<Record<Name, Flag>> = {
  format: { flags: '--from <format>', description: 'what the files are, where they do not say it', choices: FORMATS },
  orientation: {
    flags: '--orientation <way>',
    description: 'how the files lie, where they do not say it',
    choices: ['features-by-samples', 'samples-by-features'],
  },
  array: {
    flags: '--array <name>',
    description: 'the array of a file that holds several, or its path in an HDF5 file',
  },
  // --layer is that of a fit.
  layer: {
    flags: '--from-layer <name>',
    description: 'of an AnnData file: one of its layers, raw, or obsm/…; of a 10x file: a type of features',
  },
  layout: {
    flags: '--layout <layout>',
    description: 'of tables: matrix (default), or triplets, a row, a column and a value a line',
    choices: ['matrix', 'triplets'],
  },
  columns: {
    flags: '--columns <names>',
    description: 'of tables: the columns to be read, with commas between them',
    value: texts,
  },
  names: {
    flags: '--names <column>',
    description: 'of tables: what names the rows; true: the first column, false: none',
    value: truth,
  },
  unlisted: {
    flags: '--unlisted <what>',
    description: 'what entries are that triplets do not list; default zero',
    choices: ['zero', 'missing'],
  },
  delimiter: {
    flags: '--delimiter <character>',
    description: 'of tables of text: what stands between fields, also tab or space',
    value: (text) => BLANKS[text] ?? text,
  },
  header: {
    flags: '--header <truth>',
    description: 'of tables of text: whether the first line names the columns',
    choices: ['true', 'false'],
    value: truth,
  },
  missing: {
    flags: '--missing <words>',
    description: 'of tables of text: fields that are missing, with commas between them',
    value: texts,
  },
};

/** Each option, by its own name. */
export const READ_OPTIONS = Object.keys(FLAGS) as readonly Name[]; // the keys are known

/** What stands between fields of a table of text. */
export const delimiter = (text: string): unknown => readValue('delimiter', text);

/** What an option of `readMatrix` is when a shell has this text for it. */
export function readValue(name: Name, text: string): unknown {
  const { choices, value: read = String } = FLAGS[name];
  const value = read(choices === undefined ? text : oneOf(choices)(text));
  const [rule, holds] = READING_RULES[name];
  if (!holds(value)) throw new InvalidArgumentError(`It must be ${rule}; got ${show(value)}.`);
  return value;
}

const optionOf = (name: Name): Option => {
  const { flags, description, choices } = FLAGS[name];
  const option = new Option(flags, description);
  return (choices === undefined ? option : option.choices([...choices])).argParser((text) => readValue(name, text));
};

/** Options that say how files of data are read. */
export function withReading(command: Command): Command {
  for (const name of READ_OPTIONS) command.addOption(optionOf(name));
  return command;
}

/** What `withReading` has found. */
export interface ReadingFlags extends Omit<Reading, 'format' | 'layer'> {
  readonly from?: Reading['format'];
  readonly fromLayer?: Reading['layer'];
}

export function readingOf({ from, fromLayer, ...flags }: ReadingFlags): Reading {
  const all: Reading = { ...flags, format: from, layer: fromLayer };
  const own = READ_OPTIONS.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]]));
  return Object.fromEntries(own) as Reading; // each value as readValue has made it
}
