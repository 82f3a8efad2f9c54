import type { LayerNode } from '../dsl/node.js';
import { type Fault, type GraphIssue, LARGEST_VALUE } from '../issues.js';
import type { Side } from '../objective.js';
import { type Collected, labelOf } from './collect.js';
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
    const { what, rule, got } = found.matrix;
    return [{ code: what === 'mask' ? 'invalid-mask' : 'invalid-data', of, rule, got }];
  }
  const { rows, cols } = found.matrix;
  if (rows === 0 || cols === 0) return [{ code: 'invalid-data', of, rule: 'at least 1 × 1', got: `${rows} × ${cols}` }];
  const { infinite, largest } = found.facts;
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

/** What is wrong with the factors that layers are given to begin from. */
export function startFaults(graph: Collected, { starts }: Survey, shapes: Shapes): readonly GraphIssue[] {
  return graph.order.flatMap((node) => {
    const start = starts.get(node);
    if (node.kind !== 'layer' || node.method !== 'nmf' || start === undefined) return [];
    const sides: readonly Side[] = ['W', 'H'];
    return sides.flatMap((side) => {
      const of = `start.${side} of layer '${labelOf(node)}'`;
      const faults = dataFaults(of, start[side]);
      const found = faults.length > 0 ? faults : factorFaults(of, start[side], side, node, shapes);
      return found.map((fault) => ({ ...fault, at: graph.where(node) }));
    });
  });
}

/** A matrix without faults of its own as a factor: its shape, and its signs. */
function factorFaults(
  of: string,
  found: Surveyed,
  side: Side,
  node: Extract<LayerNode, { readonly method: 'nmf' }>,
  shapes: Shapes,
): readonly Fault[] {
  const input = shapes.of.get(node.input);
  const output = shapes.of.get(node);
  if (!('facts' in found) || input === undefined || output === undefined) return [];
  const { rows, cols } = found.matrix;
  const [m, n] = side === 'W' ? [input.rows, output.rows] : [output.rows, output.cols];
  const sizes = side === 'W' ? 'features × k' : 'k × samples';
  if (rows !== m || cols !== n)
    return [{ code: 'invalid-data', of, rule: `${m} × ${n} (${sizes})`, got: `${rows} × ${cols}` }];
  const { gap, negative } = found.facts;
  if (gap !== undefined) return [{ code: 'non-finite', of, ...gap }];
  if (negative === undefined || !factorTerms(node.spec, side).nonneg) return [];
  const rule = `without negative numbers, as ${side} is`;
  return [{ code: 'invalid-data', of, rule, got: `${negative.value} at row ${negative.row}, column ${negative.col}` }];
}
