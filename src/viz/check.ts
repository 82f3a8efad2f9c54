import { matrixFaults } from '../compiler/data-faults.js';
import { GraphError } from '../errors.js';
import { type Fault, show } from '../issues.js';
import { isList, type Label } from '../labels.js';
import { type DenseMatrix, toDense } from '../matrix.js';
import { examine } from '../matrix-check.js';
import { type MatrixInput, toMatrix } from '../matrix-input.js';

/** The arguments of a picture: looked at one by one, their faults thrown together. */
export function checking(at: string) {
  const faults: Fault[] = [];
  const done = () => {
    if (faults.length > 0) throw new GraphError(faults.map((fault) => ({ ...fault, at })));
  };
  const refuse = (of: string, holds: boolean, rule: string, got: string) => {
    if (!holds) faults.push({ code: 'invalid-data', of, rule, got });
  };
  const option = (name: string, holds: boolean, rule: string, got: unknown) => {
    if (!holds) faults.push({ code: 'invalid-option', of: at, option: name, rule, got });
  };
  /** A matrix of finite numbers and gaps, its names with it; nothing else can be read without it. */
  const matrix = (of: string, input: MatrixInput): DenseMatrix => {
    const read = toMatrix(input);
    const found = read.kind === 'unusable' ? { matrix: read } : { matrix: read, facts: examine(read) };
    faults.push(...matrixFaults(of, found));
    done();
    if (read.kind === 'unusable') throw new TypeError('what is unusable has a fault');
    const { rowNames, colNames } = input as Partial<DenseMatrix>; // only results have names
    const fits = (names: unknown, count: number) =>
      names === undefined ||
      (Array.isArray(names) && names.length === count && names.every((name) => typeof name === 'string'));
    refuse(`rowNames of ${of}`, fits(rowNames, read.rows), `${read.rows} texts, one for each row`, show(rowNames));
    refuse(`colNames of ${of}`, fits(colNames, read.cols), `${read.cols} texts, one for each column`, show(colNames));
    return { ...toDense(read), rowNames, colNames };
  };
  /** The same without gaps. */
  const whole = (of: string, input: MatrixInput | DenseMatrix): DenseMatrix => {
    const found = matrix(of, input);
    refuse(of, !found.data.some(Number.isNaN), 'without missing entries', 'some that are');
    done();
    return found;
  };
  return {
    done,
    /** Data must be what the rule says. */
    refuse,
    /** An option must be what the rule says. */
    option,
    /** Options that are an object of these and `title`, which is a text; nothing else can be read without it. */
    options<T extends object>(options: T, known: readonly string[]): T {
      option('options', typeof options === 'object' && options !== null, 'an object of options', options);
      done();
      for (const name of Object.keys(options))
        if (!known.includes(name)) faults.push({ code: 'unknown-option', of: at, option: name, known });
      const title: unknown = Reflect.get(options, 'title');
      if (known.includes('title')) option('title', title === undefined || typeof title === 'string', 'a text', title);
      return options;
    },
    matrix,
    whole,
    /** An embedding, k × samples, all of it known; nothing else can be read without it. */
    embedding: (H: DenseMatrix): DenseMatrix => whole('H', H),
    flag: (name: string, value: unknown) =>
      option(name, value === undefined || typeof value === 'boolean', 'true or false', value),
    /** A label for each of n things. */
    labels(of: string, labels: ArrayLike<Label>, n: number, what: string): void {
      refuse(of, isList(labels), `an array with one for each ${what}`, show(labels));
      if (isList(labels)) refuse(of, labels.length === n, `${n}, one for each ${what}`, String(labels.length));
    },
    /** A place among k. */
    factor: (name: string, value: unknown, k: number, what = 'the number of a factor') =>
      option(
        name,
        Number.isInteger(value) && Number(value) >= 0 && Number(value) < k,
        k === 1 ? `${what}: 0 alone` : `${what}, a whole number from 0 to ${k - 1}`,
        value,
      ),
  };
}
