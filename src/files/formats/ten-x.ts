import { join } from 'node:path';
import { IoError } from '../../errors.js';
import { isGzip, unpacked } from '../gunzip.js';
import { type Folder, firstBytes, type Source, type Watch, withFile } from '../source.js';
import { fields, TEXT } from './csv/fields.js';
import { begun } from './csv/read-csv.js';
import { TAB } from './decimal.js';
import type { Column, Found, Side } from './found.js';
import { readMatrixMarket } from './matrix-market.js';

/** What 10x Genomics says of each feature, in the order of its tables; the first names it, since names of genes may be there twice. */
const FEATURE_COLUMNS = ['id', 'name', 'feature_type', 'chromosome', 'start', 'end'] as const;

/** The files of a folder, by what they hold; Cell Ranger 2 called features genes. */
const PARTS = {
  matrix: ['matrix.mtx'],
  features: ['features.tsv', 'genes.tsv'],
  barcodes: ['barcodes.tsv'],
} as const;
type Part = keyof typeof PARTS;
const LOOKED_FOR = 'matrix.mtx, features.tsv or genes.tsv, and barcodes.tsv, each maybe with .gz';

/** A text that unpacks to more than so many times its bytes is none of names. */
const MOST_DENSE = 40;
/** What may be unpacked of any. */
const ALWAYS = 1 << 20;

/** A fault of what isn't a folder of 10x. */
export const noTenXFolder = (path: string, got: string): IoError =>
  new IoError('not-read', path, `Data must be a file, or a 10x folder, one with ${LOOKED_FOR}; got ${got}`);

/**
 * The counts in a folder as Cell Ranger and STARsolo write it: features × barcodes, the features by their ids, with the names of genes and
 * what else their table says as labels. Names of the files may have something before them, as those at GEO have.
 *
 * @throws IoError 'not-read', 'not-found' where a part isn't there, or more than one; 'damaged' with the line, its path that of the part.
 */
export async function readTenX(folder: Folder, watch?: Watch): Promise<Found> {
  const places = partsOf(folder);
  const matrix = await withFile(places.matrix, readMatrixMarket, watch);
  const [names, labels] = [FEATURE_COLUMNS.length, 1];
  const [ids, ...known] = await withFile(
    places.features,
    (source) => columnsOf(source, 'row', matrix.rows, names),
    watch,
  );
  const [barcodes] = await withFile(
    places.barcodes,
    (source) => columnsOf(source, 'column', matrix.cols, labels),
    watch,
  );
  return { matrix, turned: false, rows: featureSide(ids, known), columns: { names: barcodes } };
}

/** Features by their ids, and the other columns of their table by name. */
function featureSide(ids: readonly string[], known: readonly Column[]): Side {
  const labels = Object.fromEntries(known.map((column, n) => [FEATURE_COLUMNS[n + 1], column]));
  return { names: ids, ...(known.length === 0 ? {} : { labels }) };
}

/** The place of each part, of the only set of them that is whole. */
function partsOf({ path, names }: Folder): Readonly<Record<Part, string>> {
  const sets = new Map<string, Map<Part, string[]>>();
  const all = Object.entries(PARTS) as readonly (readonly [Part, readonly string[]])[]; // its own keys
  for (const name of names)
    for (const [part, endings] of all)
      for (const ending of endings) {
        const own = name.replace(/\.gz$/, '');
        const before = own.slice(0, -ending.length);
        if (!own.endsWith(ending) || /[a-z0-9]$/i.test(before)) continue;
        const set = sets.get(before) ?? new Map<Part, string[]>();
        sets.set(before, set.set(part, [...(set.get(part) ?? []), name]));
      }
  if (sets.size === 0) {
    const some = names.slice(0, 5).join(', ');
    throw noTenXFolder(path, names.length === 0 ? 'a folder with nothing in it' : `a folder with ${some}${names.length > 5 ? ', …' : ''}`); // biome-ignore format: one thought
  }
  const fault = (got: string) => new IoError('not-found', path, `A 10x folder must have one each of ${LOOKED_FOR}; got ${got}`); // biome-ignore format: one thought
  const lacking = (set: ReadonlyMap<Part, unknown>) => all.filter(([part]) => !set.has(part)).map(([part]) => part);
  const whole = [...sets].filter(([, set]) => lacking(set).length === 0);
  if (whole.length > 1)
    throw fault(`several sets, of ${whole.map(([before]) => `'${before}'`).join(', ')}. Give each a folder of its own`);
  const [before, set] = whole[0] ?? [...sets].toSorted(([, a], [, b]) => b.size - a.size)[0];
  const place = (part: Part): string => {
    const own = set.get(part) ?? [];
    if (own.length === 1) return join(path, own[0]);
    if (own.length > 1) throw fault(`${own.join(' and ')}. Move one of them away`);
    throw fault(`no ${PARTS[part].map((name) => before + name).join(' and no ')}`);
  };
  return { matrix: place('matrix'), features: place('features'), barcodes: place('barcodes') };
}

/** The columns of a table without a header, a line for each row or column of the matrix. */
async function columnsOf(
  source: Source,
  what: 'row' | 'column',
  count: number,
  most: number,
): Promise<readonly (readonly string[])[]> {
  const compressed = isGzip(await firstBytes(source, 2));
  const text = await begun(source, bounded(source, unpacked(source, compressed)));
  const records = fields(text.pieces, source, { delimiter: TAB, missing: new Set() });
  const fault = (rule: string, got: string | number, line = records.line) => source.fault('damaged', `A file of a 10x folder must ${rule}; got ${got}`, { line }); // biome-ignore format: one thought

  const first = await records.next();
  if (first !== undefined && first.length > most)
    throw fault(`have ${most === 1 ? 'one field' : `${most} fields at most`} a line`, first.length);
  const columns = (first ?? ['']).map((): string[] => []);
  for (const [c, { text: own }] of first?.entries() ?? []) columns[c].push(own);
  if (first !== undefined) {
    const told = { number() {}, end() {}, text: (c: number, own: string) => void columns[c].push(own) };
    await records.read(new Uint8Array(columns.length).fill(TEXT), Math.max(0, count - 1), told);
  }
  const [names] = columns;
  const lines = names.length + (first !== undefined && (await records.next()) !== undefined ? 1 : 0);
  if (lines !== count)
    throw fault(`have a line for each ${what} of its matrix, ${count}`, lines > count ? 'more' : names.length);
  const empty = names.indexOf('');
  if (empty >= 0) throw fault('begin each line with a name', 'none', empty + 1);
  return columns;
}

/** A text, as long as it is plausible of its file. */
async function* bounded(source: Source, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let left = MOST_DENSE * source.size + ALWAYS;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0)
      throw source.fault('damaged', `A list of names must be packed to 1/${MOST_DENSE} at least; got one denser`);
    yield piece;
  }
}
