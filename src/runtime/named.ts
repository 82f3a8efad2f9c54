import type { Plan, SlotId } from '../compiler/plan.js';

/** The names of a slot's rows and columns, where they have any. */
export function namesIn(plan: Plan, slot: SlotId) {
  const { rowNames, colNames } = plan.slots[Number(slot.slice(1))];
  return {
    ...(rowNames === undefined ? {} : { rowNames: plan.names[rowNames] }),
    ...(colNames === undefined ? {} : { colNames: plan.names[colNames] }),
  };
}
