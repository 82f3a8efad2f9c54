import { drawing, type Vertex } from './drawing.js';
import type { Plan, SlotId } from './plan.js';

/** What stands around the text of a vertex. */
const SHAPES: Readonly<Record<Vertex['kind'], readonly [open: string, close: string]>> = {
  data: ['[("', '")]'],
  stack: ['(("', '"))'],
  sum: ['(("', '"))'],
  layer: ['["', '"]'],
};

/** The plan as a Mermaid flowchart: data as cylinders, layers as boxes, stacks and sums as circles. */
export function toMermaid(plan: Plan): string {
  const lines = drawing(plan).flatMap(({ slot, kind, lines, reads }) => {
    const [open, close] = SHAPES[kind];
    const text = lines.map(entities).join('<br/>');
    return [`  ${id(slot)}${open}${text}${close}`, ...reads.map((read) => `  ${id(read)} --> ${id(slot)}`)];
  });
  return ['flowchart TD', ...lines].join('\n');
}

const id = (slot: SlotId): string => `s${slot.slice(1)}`;

const entities = (text: string): string => text.replace(/[&<>"#]/g, (c) => `#${c.charCodeAt(0)};`);
