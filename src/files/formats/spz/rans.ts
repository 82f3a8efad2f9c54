import type { Span } from './file.js';

/**
 * Symbols as a range coder of one number packs them (rANS: J. Duda, "Asymmetric numeral systems", 2013, arXiv:1311.2540), which takes a byte
 * whenever the state falls below 2²³:
 *
 *   slot = x mod 2¹⁴,  s = the symbol whose range holds it,  x ← f_s · ⌊x / 2¹⁴⌋ + slot − b_s
 *
 * with f_s the share of s in 2¹⁴ and b_s the sum of the shares before it. The state begins with the first four bytes, the greatest first,
 * and ends at 2²³.
 */
const SLOTS = 1 << 14;
const LOWEST = 2 ** 23;

/** Symbols that are told at a time, and bytes of code that are read at a time. */
const [SYMBOLS, CODE] = [1 << 15, 1 << 18];
/** Symbols that code which is left must be enough for, or more of it is read. */
const FEW = 1 << 12;
/** Symbols between turns of the event loop. */
const LONG = 1 << 20;
const turn = () => new Promise((resolve) => setImmediate(resolve));

export interface SymbolTable {
  readonly symbolAt: Uint8Array;
  readonly share: Uint16Array;
  readonly before: Uint16Array;
}

/** The table that comes next: how many symbols, and the share of each. */
export async function readTable(span: Span): Promise<SymbolTable> {
  const [low, high] = await span.take(2);
  const count = low + 256 * high;
  if (count > 256) throw span.damaged(`have 256 symbols at most; got ${count}`);
  const bytes = await span.take(2 * count);
  const [symbolAt, share, before] = [new Uint8Array(SLOTS), new Uint16Array(256), new Uint16Array(256)];
  let sum = 0;
  for (let s = 0; s < count; s++) {
    const own = bytes[2 * s] + 256 * bytes[2 * s + 1];
    share[s] = own;
    before[s] = sum;
    symbolAt.fill(s, sum, sum + own);
    sum += own;
  }
  if (sum !== SLOTS) throw span.damaged(`have shares of symbols that add up to ${SLOTS}; got ${sum}`);
  return { symbolAt, share, before };
}

/** The same, where its bytes come before it. */
export async function readSizedTable(span: Span): Promise<SymbolTable> {
  const size = await span.u32();
  const before = span.left();
  const table = await readTable(span);
  const read = before - span.left();
  if (read !== size) throw span.damaged(`have tables as long as it says; got ${size} and ${read} bytes`);
  return table;
}

/** Symbols, one after the other. */
export interface SymbolReader {
  /**
   * The next ones, as many as there are places.
   *
   * @throws IoError 'damaged' where there are not so many, and with the last where the code goes on.
   */
  fill(into: Uint8Array): Promise<void>;
}

/**
 * Reads the `count` symbols that the next `size` bytes are the code of, as they are asked for.
 *
 * @throws IoError 'damaged' where they aren't the code of so many.
 */
export async function symbolReader(span: Span, table: SymbolTable, size: number, count: number): Promise<SymbolReader> {
  const whole = (holds: boolean) => {
    if (!holds) throw span.damaged(`hold the code of ${count} symbols; got another`);
  };
  whole(size >= 4 && size <= span.left());
  const code = new Uint8Array(Math.min(size, CODE));
  const [a, b, c, d] = await span.take(4);
  const state: State = { x: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, at: 0 };
  whole(state.x >= LOWEST && state.x < 2 ** 31);
  let [left, have, told, since] = [size - 4, 0, 0, 0];
  const more = async () => {
    code.copyWithin(0, state.at, have);
    have -= state.at;
    state.at = 0;
    const next = Math.min(left, code.length - have);
    await span.fill(code.subarray(have, have + next));
    have += next;
    left -= next;
  };
  return {
    async fill(into) {
      whole(told + into.length <= count);
      for (let done = 0; done < into.length; ) {
        if (left > 0 && (have - state.at) >> 1 < Math.min(into.length - done, FEW)) await more();
        // A symbol takes two bytes at most: as many as there is code for, or all of them.
        const ready = left > 0 ? (have - state.at) >> 1 : LONG;
        const own = into.subarray(done, done + Math.min(ready, LONG));
        decode(code, state, table, own);
        whole(state.at <= have);
        done += own.length;
        since += own.length;
        if (since < LONG) continue;
        await turn();
        since = 0;
      }
      told += into.length;
      if (told < count) return;
      whole(left === 0 && state.at === have && state.x === LOWEST);
    },
  };
}

/** Tells the `count` symbols that the next `size` bytes are the code of: so many at a time, and the place of the first of these. */
export async function readSymbols(
  span: Span,
  table: SymbolTable,
  size: number,
  count: number,
  tell: (symbols: Uint8Array, from: number) => void,
): Promise<void> {
  const reader = await symbolReader(span, table, size, count);
  await eachPiece(reader, count, tell);
}

/** The next `count` symbols, so many at a time. */
export async function eachPiece(
  reader: SymbolReader,
  count: number,
  tell: (symbols: Uint8Array, from: number) => void,
): Promise<void> {
  const symbols = new Uint8Array(Math.min(count, SYMBOLS));
  for (let from = 0; from < count; from += symbols.length) {
    const own = symbols.subarray(0, count - from);
    await reader.fill(own);
    tell(own, from);
  }
}

interface State {
  x: number;
  /** The byte of code that comes next. */
  at: number;
}

function decode(code: Uint8Array, state: State, { symbolAt, share, before }: SymbolTable, into: Uint8Array): void {
  let { x, at } = state;
  for (let n = 0; n < into.length; n++) {
    const slot = x & (SLOTS - 1);
    const symbol = symbolAt[slot];
    into[n] = symbol;
    x = Math.imul(share[symbol], x >>> 14) + slot - before[symbol];
    while (x < LOWEST) x = (x << 8) | code[at++];
  }
  state.x = x;
  state.at = at;
}
