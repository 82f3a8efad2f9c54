import type { Plan, SlotId } from '../compiler/plan.js';
import type { DenseMatrix } from '../matrix.js';

/** The names of a slot's rows and columns, where they have any. */
export function namesIn(plan: Plan, slot: SlotId) {
  const { rowNames, colNames } = plan.slots[Number(slot.slice(1))];
  return {
    ...(rowNames === undefined ? {} : { rowNames: plan.names[rowNames] }),
    ...(colNames === undefined ? {} : { colNames: plan.names[colNames] }),
  };
}

/** A matrix with names on it; itself where there are none. */
export function named(matrix: DenseMatrix, names: Pick<DenseMatrix, 'rowNames' | 'colNames'>): DenseMatrix {
  return Object.keys(names).length === 0 ? matrix : Object.freeze({ ...matrix, ...names });
}
