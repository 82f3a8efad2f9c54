import type { Plan, SlotId } from '../compiler/plan.js';

/** A slot in which layers find an input. */
interface Form {
  readonly slot: SlotId;
  /** Entries that are missing from it. */
  readonly missing: number;
}

/** An input as the layers of a plan read it. */
export interface PlannedInput {
  readonly name: string;
  /** As it was given, where a layer reads it so, and then in each order in which it is stacked with others. */
  readonly forms: readonly Form[];
}

export function inputsOf({ prepare, fit }: Plan): readonly PlannedInput[] {
  return prepare.flatMap((load) => {
    if (load.op !== 'load' || load.source !== 'input') return [];
    const own = [...prepare, ...fit].some(
      (step) =>
        step.op !== 'align' &&
        (('read' in step && step.read === load.write) || ('reads' in step && step.reads.includes(load.write))),
    );
    const aligned = prepare.filter((step) => step.op === 'align' && step.read === load.write);
    const forms = [...(own ? [load] : []), ...aligned].map((step) => ({ slot: step.write, missing: missingIn(step) }));
    return [{ name: load.name, forms }];
  });
}

const missingIn = (step: Plan['prepare'][number]): number => ('missing' in step ? step.missing : 0);

/** The form of an input that something is known of, and what that is; the first of those there are. */
export function firstKnown<T>({ forms }: PlannedInput, known: ReadonlyMap<SlotId, T>) {
  for (const { slot } of forms) {
    const value = known.get(slot);
    if (value !== undefined) return { slot, value };
  }
  return undefined;
}
