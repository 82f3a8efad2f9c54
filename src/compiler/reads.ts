import { match } from 'ts-pattern';
import type { Plan, SlotId, Step } from './plan.js';

/** The slots that a step reads, each once: its matrices, and what starts and terms are bound to. */
export function readsOf(step: Step, { slots }: Plan): readonly SlotId[] {
  const known = new Set<unknown>(slots.map(({ id }) => id));
  const isSlot = (value: unknown): value is SlotId => known.has(value);
  /** Arguments hold slots and numbers, and no names. */
  const inside = (value: unknown): readonly SlotId[] => {
    if (isSlot(value)) return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(inside) : [];
  };
  const found = match(step)
    .with({ op: 'load' }, () => [])
    .with({ op: 'align' }, { op: 'splitRows' }, ({ read }) => [read])
    .with({ op: 'stackRows' }, { op: 'add' }, ({ reads }) => reads)
    .with({ op: 'embed' }, ({ d, H }) => [d, H])
    .with({ op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, ({ read, args }) => [read, ...inside(args)])
    .exhaustive();
  return [...new Set(found)];
}

/** The slots that a step writes. */
export function writesOf(step: Step): readonly SlotId[] {
  if (step.op === 'splitRows') return step.parts.map(({ write }) => write);
  if (typeof step.write === 'string') return [step.write];
  const { W, d, H } = step.write;
  return [W, d, H];
}
