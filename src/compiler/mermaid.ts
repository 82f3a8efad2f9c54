import { match } from 'ts-pattern';
import type { Plan, SlotId, Step } from './plan.js';

/** The plan as a Mermaid flowchart: data as cylinders, layers as boxes, stacks and sums as circles. */
export function toMermaid(plan: Plan): string {
  const lines: string[] = ['flowchart TD'];
  /** Which drawn vertex a slot comes from. */
  const source = new Map<SlotId, string>();
  const shape = (id: SlotId) => plan.slots[Number(id.slice(1))].shape.join('×');
  const vertex = (write: SlotId) => `s${write.slice(1)}`;
  const draw = (write: SlotId, text: string, reads: readonly SlotId[]) => {
    source.set(write, vertex(write));
    lines.push(`  ${vertex(write)}${text}`);
    for (const read of reads) lines.push(`  ${source.get(read)} --> ${vertex(write)}`);
  };
  for (const step of [...plan.prepare, ...plan.fit] satisfies readonly Step[]) {
    match(step)
      .with({ op: 'load' }, ({ write, name }) => draw(write, `[("${entities(name)}<br/>${shape(write)}")]`, []))
      .with({ op: 'align' }, ({ write, read }) => source.set(write, source.get(read) ?? vertex(read)))
      .with({ op: 'stackRows' }, ({ write, reads }) => draw(write, `(("stack<br/>${shape(write)}"))`, reads))
      .with({ op: 'add' }, ({ write, reads }) => draw(write, `(("sum<br/>${shape(write)}"))`, reads))
      .with({ op: 'embed' }, ({ write, H }) => source.set(write, source.get(H) ?? vertex(H)))
      .with({ op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, ({ op, layer, read, write, args }) => {
        const { k, start } = args;
        const given = 'W' in start ? [start.W, start.H] : [];
        const method = 'form' in args ? `${args.form} nmf` : op;
        draw(write.H, `["${entities(layer)}<br/>${method} k=${k}<br/>H ${shape(write.H)}"]`, [read, ...given]);
      })
      .exhaustive();
  }
  return lines.join('\n');
}

const entities = (text: string): string => text.replace(/[&<>"#]/g, (c) => `#${c.charCodeAt(0)};`);
