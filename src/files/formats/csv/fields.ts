import type { Source } from '../../source.js';
import * as letters from '../decimal.js';
import { textWindow } from '../text-window.js';
import { QUOTE } from './dialect.js';

// What is imported is looked up each time it is used; these are compared with every byte.
const { NEWLINE, RETURN, SPACE, TAB, DIGIT_ZERO: ZERO, EXACT_DIGITS, numberOf, readDecimal } = letters;

/** A field that is longer is none. */
const LONGEST = 1 << 16;

/** What becomes of the fields of a column. */
export const [SKIPPED, NUMBER, TEXT] = [0, 1, 2];

/** Told of fields, record after record. */
export interface Told {
  number(column: number, value: number): void;
  text(column: number, text: string, quoted: boolean): void;
  /** A record is at its end. */
  end(): void;
}

/** A field as it stands in the file. */
export interface Field {
  readonly text: string;
  readonly quoted: boolean;
}

/** Text in fields (RFC 4180), a record a line; fields in quotes may hold delimiters, ends of lines, and quotes that are doubled. */
export interface Fields {
  /** Where the record that was read last begins, from 1. */
  readonly line: number;
  /** Bytes that were read. */
  readonly consumed: number;
  /** The fields of the next record, of any number; undefined at the end of the text. */
  next(): Promise<readonly Field[] | undefined>;
  /**
   * Reads up to `most` records that have a field for each of `kinds`.
   *
   * @returns how many are left to be read where the text ends before.
   */
  read(kinds: Uint8Array, most: number, told: Told): Promise<number>;
  /** The number that a field is, NaN where it is missing; `line` is where it stands. */
  numberIn(text: string, column: number, line: number): number;
  /** Nothing more is asked for. */
  close(): Promise<void>;
}

/** How fields are written. */
export interface Dialect {
  readonly delimiter: number;
  /** Fields of numbers that are missing. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Reads fields as the pieces of a text come; numbers are read from their bytes, and nothing but fields that span pieces is kept.
 *
 * @throws IoError 'damaged' with the line.
 */
export function fields(pieces: AsyncIterable<Uint8Array>, source: Source, { delimiter, missing }: Dialect): Fields {
  const fault = (rule: string) => source.fault('damaged', rule, { line });
  const text = textWindow(pieces, LONGEST, () =>
    fault(`A field must have ${LONGEST} bytes at most; got a longer one. Is a quote left open?`),
  );
  /** Where the record begins, and where reading is. */
  let [line, here] = [0, 1];
  /** The field that comes next, where a record is begun. */
  let column = 0;

  const spaced = delimiter === SPACE;
  const blank = new Uint8Array(256);
  for (const byte of [SPACE, RETURN, TAB]) blank[byte] = byte === delimiter && !spaced ? 0 : 1;
  const ends = letters.endsAt(SPACE, TAB, RETURN, delimiter);
  const last: letters.LastNumber = { value: 0 };
  const emptyIsMissing = missing.has('');
  /** Numbers that stand for missing ones. */
  const coded = new Set([...missing].map(numberOf).filter((value) => value !== null));

  function numberIn(own: string, at: number, where: number): number {
    if (missing.has(own)) return Number.NaN;
    const value = numberOf(own.trim());
    if (value !== null) return coded.has(value) ? Number.NaN : value;
    const cure =
      numberOf(own.trim().replace(',', '.')) === null
        ? 'Say which columns are numbers by columns, or which words are missing ones by missing'
        : 'Write decimals with a point';
    throw source.fault(
      'damaged',
      `A field of numbers must be one; got '${own.slice(0, 60)}' in column ${at + 1}. ${cure}`,
      { line: where },
    );
  }

  /** The field at `from`, told; where what is behind it begins, or −1 where it isn't whole yet. */
  const found = { text: '', quoted: false, breaks: 0 };
  function textAt(own: Uint8Array, from: number, end: number): number {
    let begin = from;
    while (blank[own[begin]] === 1) begin++;
    found.quoted = own[begin] === QUOTE && begin < end;
    found.breaks = 0;
    if (found.quoted) {
      let stop = begin + 1;
      let doubled = false;
      for (;;) {
        stop = own.indexOf(QUOTE, stop);
        if (stop < 0 || stop + 1 >= end) return -1;
        if (own[stop + 1] !== QUOTE) break;
        doubled = true;
        stop += 2;
      }
      let p = stop + 1;
      while (blank[own[p]] === 1) p++;
      if (p >= end) return -1;
      if (own[p] !== delimiter && own[p] !== NEWLINE && !(spaced && p > stop + 1))
        throw fault('A field in quotes must end with them; got more. Double the quotes within it');
      const inner = decoded(own.subarray(begin + 1, stop));
      found.text = doubled ? inner.replaceAll('""', '"') : inner;
      found.breaks = inner.split('\n').length - 1;
      return p;
    }
    let stop = begin;
    if (spaced) while (ends[own[stop]] === 0) stop++;
    else while (own[stop] !== delimiter && own[stop] !== NEWLINE) stop++;
    let p = stop;
    if (spaced) while (blank[own[p]] === 1) p++;
    if (p >= end) return -1;
    while (stop > begin && blank[own[stop - 1]] === 1) stop--;
    found.text = decoded(own.subarray(begin, stop));
    return p;
  }

  function decoded(bytes: Uint8Array): string {
    for (let p = 0; p < bytes.length; p++) {
      if (bytes[p] < 0x80) continue;
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch (cause) {
        const rule = 'A text must be UTF-8; got other bytes. Convert it: iconv -f latin1 -t utf-8';
        throw source.fault('damaged', rule, { line, cause });
      }
    }
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }

  /** Records that are there, whole or in part; without `kinds` their fields are texts, however many. */
  function readThere(kinds: Uint8Array | undefined, most: number, told: Told): number {
    // What is read often is near: a field of a closure is looked up each time.
    const [own, end] = [text.bytes, text.end];
    let [p, c, count] = [text.at, column, 0];
    while (count < most && p < end) {
      let q = p;
      if (c === 0) {
        while (blank[own[q]] === 1) q++;
        if (q >= end) break;
        if (own[q] === NEWLINE) {
          here++;
          p = q + 1;
          continue;
        }
        line = here;
      }
      const kind = kinds === undefined ? TEXT : c < kinds.length ? kinds[c] : SKIPPED;
      let value = Number.NaN;
      let known = false;
      if (kind === NUMBER) {
        while (blank[own[q]] === 1) q++;
        const begin = q;
        // Most are whole numbers of few digits, and some are not there.
        let x = 0;
        for (let digit = own[q] - ZERO; digit >= 0 && digit <= 9; digit = own[++q] - ZERO) x = x * 10 + digit;
        if (q > begin && q - begin <= EXACT_DIGITS && ends[own[q]] === 1) value = x;
        else if (q > begin || ends[own[q]] === 0) {
          q = readDecimal(own, begin, ends, last);
          value = last.value;
        } else if (!emptyIsMissing) q = -1;
        if (q >= 0) while (blank[own[q]] === 1) q++;
        known = q >= 0 && (spaced || own[q] === delimiter || own[q] === NEWLINE);
        if (coded.size > 0 && coded.has(value)) value = Number.NaN;
      }
      if (!known) {
        q = textAt(own, p, end);
        if (q < 0) break;
      }
      // At the end of what is there more of the field may come, and behind a delimiter there is another one.
      if (q >= end - 1 && (q >= end || own[q] !== NEWLINE)) break;
      if (!known) here += found.breaks;
      if (kind === NUMBER) told.number(c, known ? value : numberIn(found.text, c, line));
      else if (kind === TEXT) told.text(c, found.text, found.quoted);
      c++;
      p = spaced ? q : q + 1;
      if (own[q] !== NEWLINE) continue;
      if (kinds !== undefined && c !== kinds.length)
        throw fault(`A line must have ${kinds.length} fields, as the one before; got ${c}`);
      p = q + 1;
      c = 0;
      here++;
      count++;
      told.end();
    }
    text.at = p;
    column = c;
    return count;
  }

  async function read(kinds: Uint8Array | undefined, most: number, told: Told): Promise<number> {
    let left = most;
    for (;;) {
      left -= readThere(kinds, left, told);
      if (left === 0) return 0;
      if (await text.more()) continue;
      if (text.at < text.end) throw fault('A field in quotes must end with them; got the end of the text');
      return left;
    }
  }

  return {
    get line() {
      return line;
    },
    get consumed() {
      return text.consumed;
    },
    async next() {
      const out: Field[] = [];
      const told: Told = {
        number() {},
        text: (_, own, quoted) => out.push({ text: own, quoted }),
        end() {},
      };
      return (await read(undefined, 1, told)) === 0 ? out : undefined;
    },
    read,
    numberIn,
    close: text.close,
  };
}
