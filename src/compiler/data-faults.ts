import type { LayerNode } from '../dsl/node.js';
import { type Fault, type GraphIssue, LARGEST_VALUE } from '../issues.js';
import { type CscMatrix, entry, toCsc } from '../matrix.js';
import type { MatrixFacts } from '../matrix-check.js';
import type { Side } from '../objective.js';
import type { Collected } from './collect.js';
import { labelOf } from './nodes.js';
import { factorTerms } from './resolve.js';
import type { Shapes } from './shapes.js';
import type { Survey, Surveyed } from './survey.js';

/** What is wrong with a matrix that layers are fitted to. */
export function dataFaults(of: string, found: Surveyed | undefined): readonly Fault[] {
  if (found === undefined) return [];
  const faults = matrixFaults(of, found);
  if (faults.length > 0 || !('facts' in found)) return faults;
  const { known } = found.facts;
  return known === undefined ? [] : unknownLines(of, 'feature', known.rows);
}

/** What is wrong with a matrix, wherever it is from. */
export function matrixFaults(of: string, found: Surveyed): readonly Fault[] {
  if (!('facts' in found)) {
    if (found.matrix.kind === 'streamed') return [];
    const { what, rule, got } = found.matrix;
    return [{ code: what === undefined ? 'invalid-data' : `invalid-${what}`, of, rule, got }];
  }
  const { rows, cols } = found.matrix;
  if (rows === 0 || cols === 0) return [{ code: 'invalid-data', of, rule: 'at least 1 × 1', got: `${rows} × ${cols}` }];
  return numberFaults(of, found.facts);
}

/** What is wrong with the numbers of a matrix. */
export function numberFaults(of: string, { infinite, largest }: MatrixFacts): readonly Fault[] {
  if (infinite !== undefined) return [{ code: 'non-finite', of, ...infinite }];
  const fits = largest === 0 || (largest <= LARGEST_VALUE && largest >= 1 / LARGEST_VALUE);
  return fits ? [] : [{ code: 'value-range', of, largest }];
}

/** Rows or columns of which nothing is known. */
export function unknownLines(of: string, what: 'feature' | 'sample', known: Uint32Array | undefined): readonly Fault[] {
  const index = known?.indexOf(0) ?? -1;
  if (known === undefined || index < 0) return [];
  return [{ code: 'nothing-known', of, what, index, count: known.reduce((sum, n) => sum + Number(n === 0), 0) }];
}

/** What is wrong with the matrices that layers are given: factors to begin from, targets, graphs. */
export function givenFaults(graph: Collected, survey: Survey, shapes: Shapes): readonly GraphIssue[] {
  return graph.order.flatMap((node) => {
    const given = survey.given.get(node);
    if (node.kind !== 'layer' || node.method !== 'nmf' || given === undefined) return [];
    const sides: readonly Side[] = ['W', 'H'];
    return sides.flatMap((side) => {
      const of = (what: string) => `${what} of layer '${labelOf(node)}'`;
      const { start, target, graph: neighbours } = given[side];
      const size = sizeOf(node, side, shapes);
      const check = (
        name: string,
        matrix: Surveyed | undefined,
        more: (name: string, found: Found) => readonly Fault[],
      ) => {
        if (matrix === undefined) return [];
        const faults = matrixFaults(name, matrix);
        return faults.length > 0 || !('facts' in matrix) || size === undefined ? faults : more(name, matrix);
      };
      const found = [
        ...check(of(`start.${side}`), start, (name, matrix) => [
          ...shapeFaults(name, matrix, size),
          ...signFaults(
            name,
            matrix,
            factorTerms(node.spec, side).nonneg ? `without negative numbers, as ${side} is` : null,
          ),
        ]),
        ...check(of(`${side}.target`), target, (name, matrix) => shapeFaults(name, matrix, size)),
        ...check(of(`${side}.graph`), neighbours, (name, matrix) => graphFaults(name, matrix, side, size)),
      ];
      return found.map((fault) => ({ ...fault, at: graph.where(node) }));
    });
  });
}

type Found = Extract<Surveyed, { readonly facts: unknown }>;

/** The shape that a factor has, in numbers and in words. */
interface Size {
  readonly rows: number;
  readonly cols: number;
  readonly words: string;
}

function sizeOf(node: LayerNode, side: Side, shapes: Shapes): Size | undefined {
  const input = shapes.of.get(node.input);
  const output = shapes.of.get(node);
  if (input === undefined || output === undefined) return undefined;
  return side === 'W'
    ? { rows: input.rows, cols: output.rows, words: 'features × k' }
    : { rows: output.rows, cols: output.cols, words: 'k × samples' };
}

/** A matrix of another shape, or with gaps. */
function shapeFaults(of: string, { matrix, facts }: Found, size: Size | undefined): readonly Fault[] {
  if (size === undefined) return [];
  const { rows, cols, words } = size;
  if (matrix.rows !== rows || matrix.cols !== cols)
    return [{ code: 'invalid-data', of, rule: `${rows} × ${cols} (${words})`, got: `${matrix.rows} × ${matrix.cols}` }];
  if (facts.gap !== undefined) return [{ code: 'non-finite', of, ...facts.gap }];
  const got = `${facts.missing} that are`;
  return facts.missing === 0 ? [] : [{ code: 'invalid-data', of, rule: 'without missing entries', got }];
}

function signFaults(of: string, { facts: { gap, negative } }: Found, rule: string | null): readonly Fault[] {
  if (rule === null || gap !== undefined || negative === undefined) return [];
  return [{ code: 'invalid-data', of, rule, got: `${negative.value} at row ${negative.row}, column ${negative.col}` }];
}

/** Neighbours of features or samples: square, symmetric, without negative numbers. */
function graphFaults(of: string, found: Found, side: Side, size: Size | undefined): readonly Fault[] {
  if (size === undefined) return [];
  const [count, words] = side === 'W' ? [size.rows, 'features × features'] : [size.cols, 'samples × samples'];
  const faults = [
    ...shapeFaults(of, found, { rows: count, cols: count, words }),
    ...signFaults(of, found, 'without negative numbers'),
  ];
  if (faults.length > 0) return faults;
  const uneven = unevenEntry(toCsc(found.matrix));
  if (uneven === undefined) return [];
  const [i, j] = uneven;
  const rule = 'symmetric (the larger of a and aᵀ in each place will do)';
  const got = `${entry(found.matrix, i, j)} at row ${i}, column ${j} and ${entry(found.matrix, j, i)} at row ${j}, column ${i}`;
  return [{ code: 'invalid-data', of, rule, got }];
}

/** The first entry that isn't that on the other side of the diagonal. */
function unevenEntry(matrix: CscMatrix): readonly [number, number] | undefined {
  for (let j = 0; j < matrix.cols; j++) {
    for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++) {
      const i = matrix.indices[p];
      if (matrix.values[p] !== entry(matrix, j, i)) return [i, j];
    }
  }
  return undefined;
}
