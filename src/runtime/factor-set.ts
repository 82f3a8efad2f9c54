import { columnsAt, rowsAt } from '../align.js';
import { GraphError } from '../errors.js';
import type { DenseMatrix } from '../matrix.js';
import type { FactorSet, Strongest } from './fit.js';
import { factorsDisplayed } from './look.js';

/** What a set of factors is made of: W as one matrix, or as several by name. */
interface Parts {
  readonly W: DenseMatrix | Readonly<Record<string, DenseMatrix>>;
  readonly Wcondition?: DenseMatrix | undefined;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
}

/** What a set has of its layer, whichever of its factors it holds. */
const OF_THE_LAYER = ['center', 'scale', 'dispersion', 'zeroInflation'] as const;

/** Gives an object that holds factors what these can be asked, beside what it shows of itself. */
export function withViews<T extends Parts>(parts: T): T & FactorSet<string> {
  const k = parts.d.length;
  const views = {
    top: (factor: number, n = 10) => {
      checkFactor('top', factor, k);
      if (!Number.isInteger(n) || n < 1) throw rejected('top', 'n', 'a whole number, at least 1', n);
      return perPart(parts.W, (W) => strongestIn(W, factor, n));
    },
    subset: (factors: readonly number[]) => {
      if (!Array.isArray(factors) || factors.length === 0)
        throw rejected('subset', 'factors', 'a list of factors, at least one', factors);
      if (new Set(factors).size < factors.length)
        throw rejected('subset', 'factors', 'a list of different factors', factors);
      factors.forEach((factor) => { checkFactor('subset', factor, k); }); // biome-ignore format: one thought
      return setOf(parts, factors);
    },
    sorted: () =>
      setOf(
        parts,
        Array.from(parts.d.keys()).sort((a, b) => Math.abs(parts.d[b]) - Math.abs(parts.d[a]) || a - b),
      ),
    toJSON: () => plainOf(parts),
  };
  for (const [name, value] of Object.entries(views)) Object.defineProperty(parts, name, { value });
  // The views are those of the interface; the names of the parts are known to the expression's types only.
  return factorsDisplayed(parts as T & FactorSet<string>);
}

function setOf(parts: Parts, factors: readonly number[]): FactorSet<string> {
  const { W, Wcondition, d, H } = parts;
  const columns = (M: DenseMatrix): DenseMatrix => columnsAt(M, factors);
  const some = {
    W: perPart(W, columns),
    ...(Wcondition === undefined ? {} : { Wcondition: columns(Wcondition) }),
    d: Float64Array.from(factors, (factor) => d[factor]),
    H: rowsAt(H, factors),
    ...Object.fromEntries(OF_THE_LAYER.map((name) => [name, Reflect.get(parts, name)])),
  };
  return Object.freeze(withViews(some));
}

/** The n entries of a column that are largest in size, those that are zero left out; the first among equals. */
export function strongestIn(W: DenseMatrix, factor: number, n: number): readonly Strongest[] {
  const column = W.data.subarray(factor * W.rows, (factor + 1) * W.rows);
  const places = Array.from(column.keys()).filter((i) => column[i] !== 0);
  places.sort((a, b) => Math.abs(column[b]) - Math.abs(column[a]) || a - b);
  return Object.freeze(
    places
      .slice(0, n)
      .map((place) => Object.freeze({ feature: W.rowNames?.[place] ?? place, place, weight: column[place] })),
  );
}

/** W is one matrix, not one for each modality. */
export const isOneMatrix = (W: Parts['W']): W is DenseMatrix =>
  'kind' in W && W.kind === 'dense' && ArrayBuffer.isView(W.data);

function perPart<T>(W: Parts['W'], of: (matrix: DenseMatrix) => T): T | Readonly<Record<string, T>> {
  if (isOneMatrix(W)) return of(W);
  return Object.freeze(Object.fromEntries(Object.entries(W).map(([name, part]) => [name, of(part)])));
}

/** Lists for typed arrays, all the way down. */
function plainOf(value: unknown): unknown {
  if (value instanceof Float64Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainOf(part)]));
}

function checkFactor(of: string, factor: unknown, k: number): void {
  if (!Number.isInteger(factor) || Number(factor) < 0 || Number(factor) >= k)
    throw rejected(of, 'factor', `a whole number from 0 to ${k - 1}`, factor);
}

const rejected = (of: string, option: string, rule: string, got: unknown) =>
  new GraphError([{ code: 'invalid-option', of, option, rule, got, at: 'fit' }]);
