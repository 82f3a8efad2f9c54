import { matrixFaults, unknownLines } from '../compiler/data-faults.js';
import { GraphError } from '../errors.js';
import type { Fault } from '../issues.js';
import type { Matrix } from '../matrix.js';
import { examine, type MatrixFacts } from '../matrix-check.js';
import { toMatrix } from '../matrix-input.js';

/** Arguments of a plain function that are matrices: looked at here, and thrown out together. */
export interface Reading {
  /** A matrix of finite numbers and gaps. */
  readonly read: (of: string, input: unknown) => Read | undefined;
  readonly refuse: (of: string, rule: string, got: string) => void;
  readonly fault: (...found: readonly Fault[]) => void;
  /**
   * What was read, if there is no fault.
   *
   * @throws GraphError with all that there are.
   */
  readonly done: <T>(found: T | undefined) => T;
}

export interface Read {
  readonly matrix: Matrix;
  readonly facts: MatrixFacts;
}

export function reading(at: string): Reading {
  const faults: Fault[] = [];
  return {
    read(of, input) {
      const matrix = toMatrix(input);
      if (matrix.kind === 'unusable') {
        faults.push(...matrixFaults(of, { matrix }));
        return undefined;
      }
      const found = { matrix, facts: examine(matrix) };
      const own = matrixFaults(of, found);
      faults.push(...own);
      return own.length === 0 ? found : undefined;
    },
    refuse: (of, rule, got) => faults.push({ code: 'invalid-data', of, rule, got }),
    fault: (...found) => faults.push(...found),
    done(found) {
      if (found === undefined || faults.length > 0) throw new GraphError(faults.map((fault) => ({ ...fault, at })));
      return found;
    },
  };
}

/** A matrix must have all of its entries. */
export function whole({ refuse, fault }: Reading, of: string, { facts }: Read): void {
  if (facts.gap !== undefined) fault({ code: 'non-finite', of, ...facts.gap });
  else if (facts.missing > 0) refuse(of, 'without missing entries', `${facts.missing} that are`);
}

export function notNegative({ refuse }: Reading, of: string, { facts: { negative } }: Read): void {
  if (negative === undefined) return;
  refuse(of, 'without negative numbers', `${negative.value} at row ${negative.row}, column ${negative.col}`);
}

/** Each column must have an entry that is known, and with `rows` each row too. */
export function linesKnown({ fault }: Reading, of: string, { facts: { known } }: Read, rows: boolean): void {
  fault(...unknownLines(of, 'sample', known?.cols), ...(rows ? unknownLines(of, 'feature', known?.rows) : []));
}

export const sizeOf = ({ rows, cols }: Matrix): string => `${rows} × ${cols}`;
