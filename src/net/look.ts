import type { LayerStep, LoadStep, Plan, SlotId } from '../compiler/plan.js';
import { displays, type Look } from '../display.js';
import { plural } from '../plural.js';

/** A graph as it shows itself: its inputs and its layers, and what it can be asked. */
function netLook({ prepare, fit, slots, layers, output, joint }: Plan): Look {
  const shape = (slot: SlotId) => slots[Number(slot.slice(1))].shape.join(' × ');
  const inputs = prepare.filter((step): step is LoadStep => step.op === 'load' && step.source === 'input');
  const steps = fit.filter((step): step is LayerStep => 'args' in step);
  return {
    title: `Graph of ${plural(inputs.length, 'input')} and ${plural(layers.length, 'layer')}`,
    body: [
      {
        head: ['input', 'size', '', 'missing'],
        lines: inputs.map(({ name, write, layout, missing }) => [
          ...[name, shape(write), layout === 'csc' ? 'sparse' : 'dense', missing === 0 ? '' : String(missing)],
        ]),
        words: [0, 2],
      },
      {
        head: ['layer', 'method', 'k', 'reads', ''],
        lines: steps.map((step) => [
          ...[step.layer, methodOf(step), String(step.args.k), shape(step.read)],
          output.includes(step.layer) ? 'output' : '',
        ]),
        words: [0, 1, 4],
      },
      ...(joint === null ? [] : [`trained jointly, at most ${plural(joint.rounds, 'round')}`]),
      'fit() fits it, explain() shows its plan, toMermaid() draws it',
    ],
  };
}

const methodOf = (step: LayerStep): string => (step.op === 'tied' ? `${step.args.form} nmf` : step.op);

/** Gives a compiled graph its look. */
export const netDisplayed = displays(({ plan }: { readonly plan: Plan }) => netLook(plan));
