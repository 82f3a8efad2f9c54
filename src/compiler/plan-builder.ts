import type { Matrix } from '../matrix.js';
import { isSame } from './names.js';
import type {
  AlignStep,
  BoundStream,
  Compiled,
  FitStep,
  LayerOutput,
  LoadStep,
  Note,
  Plan,
  PrepareStep,
  Slot,
  SlotId,
  SplitStep,
  StackStep,
} from './plan.js';

type Stored = Omit<Slot, 'id' | 'label' | 'shape'>;

/** Takes down slots and steps in order; a stack that was made before is not made again. */
export type PlanBuilder = ReturnType<typeof createPlanBuilder>;

export function createPlanBuilder() {
  const slots: Slot[] = [];
  const prepare: PrepareStep[] = [];
  const fit: FitStep[] = [];
  const finish: SplitStep[] = [];
  const layers: LayerOutput[] = [];
  const notes: Note[] = [];
  const bindings = new Map<SlotId, Matrix>();
  const streams = new Map<SlotId, BoundStream>();
  const stacks = new Map<string, SlotId>();
  const aligned = new Map<string, SlotId>();
  const names: (readonly string[])[] = [];
  const find = (id: SlotId): Slot => slots[Number(id.slice(1))];

  const slot = (label: string, rows: number, cols: number, stored: Partial<Stored> = {}): SlotId => {
    const id: SlotId = `%${slots.length}`;
    const { entries = rows * cols, nonzeros = entries, bytes = 8 * entries, rowNames, colNames } = stored;
    const named = { ...(rowNames === undefined ? {} : { rowNames }), ...(colNames === undefined ? {} : { colNames }) };
    slots.push({ id, label, shape: [rows, cols], entries, nonzeros, bytes, ...named });
    return id;
  };

  return {
    slot,
    find,
    shape: (id: SlotId) => find(id).shape,
    countConditions: () => prepare.filter((step) => step.op === 'load' && step.source === 'condition').length,
    load(step: LoadStep, data: Matrix): void {
      prepare.push(step);
      bindings.set(step.write, data);
    },
    stream(step: LoadStep, data: BoundStream): void {
      prepare.push(step);
      streams.set(step.write, data);
    },
    /** The place of a list of names among those of the plan. */
    names(list: readonly string[] | undefined): number | undefined {
      if (list === undefined) return undefined;
      const known = names.findIndex((other) => isSame(other, list));
      return known < 0 ? names.push(list) - 1 : known;
    },
    /** One slot for an input in one order, filled once. */
    align(step: Omit<AlignStep, 'op' | 'write'>, stored: Partial<Stored>): SlotId {
      const key = `${step.read} ${step.from}`;
      const made = aligned.get(key);
      if (made !== undefined) return made;
      const { label, shape, rowNames } = find(step.read);
      const write = slot(label, shape[0], step.from.length, { ...stored, rowNames });
      prepare.push({ op: 'align', ...step, write });
      aligned.set(key, write);
      return write;
    },
    step: (step: FitStep) => void fit.push(step),
    split: (step: SplitStep) => void finish.push(step),
    layer: (output: LayerOutput) => void layers.push(output),
    note: (note: Note) => void notes.push(note),
    /** One slot for rows on top of each other; the slot itself where there is only one. */
    stack(reads: readonly SlotId[]): SlotId {
      if (reads.length === 1) return reads[0];
      const key = reads.join(' ');
      const made = stacks.get(key);
      if (made !== undefined) return made;
      const parts = reads.map(find);
      const total = (count: (part: Slot) => number) => parts.reduce((sum, part) => sum + count(part), 0);
      const write = slot(
        parts.map(({ label }) => label).join('+'),
        total(({ shape }) => shape[0]),
        parts[0].shape[1],
        {
          entries: total(({ entries }) => entries),
          nonzeros: total(({ nonzeros }) => nonzeros),
          bytes: total(({ bytes }) => bytes),
        },
      );
      const step: StackStep = { op: 'stackRows', reads, write };
      const ready = new Set(prepare.map((before) => before.write));
      if (reads.every((id) => ready.has(id))) prepare.push(step);
      else fit.push(step);
      stacks.set(key, write);
      return write;
    },
    finish(seed: number | null, output: readonly string[], joint: Plan['joint']): Compiled {
      const plan: Plan = { version: 1, seed, slots, prepare, fit, finish, layers, output, joint, notes, names };
      return { plan: deepFreeze(plan), bindings, streams };
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
