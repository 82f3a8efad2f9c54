import { match } from 'ts-pattern';
import type { Plan, SlotId, Step } from './plan.js';
import { readsOf } from './reads.js';

/** What is drawn of a plan: its data, its layers, and what brings these together. */
export interface Vertex {
  /** The matrix that comes of it. */
  readonly slot: SlotId;
  readonly kind: 'data' | 'stack' | 'sum' | 'layer';
  /** Its name, what it does, and the shape of what comes of it, rows×columns; what has no name says what it is. */
  readonly lines: readonly string[];
  /** The vertices that it reads, which stand before it. */
  readonly reads: readonly SlotId[];
}

/** The plan as vertices, each after those it reads; views of a matrix are no vertices of their own. */
export function drawing(plan: Plan): readonly Vertex[] {
  const vertices: Vertex[] = [];
  /** Which vertex a slot comes from. */
  const source = new Map<SlotId, SlotId>();
  const from = (slot: SlotId) => source.get(slot) ?? slot;
  const shape = (id: SlotId) => plan.slots[Number(id.slice(1))].shape.join('×');
  const draw = (slot: SlotId, kind: Vertex['kind'], lines: readonly string[], reads: readonly SlotId[]) => {
    vertices.push({ slot, kind, lines, reads: reads.map(from) });
  };
  for (const step of [...plan.prepare, ...plan.fit] satisfies readonly Step[]) {
    match(step)
      .with({ op: 'load' }, ({ write, name }) => draw(write, 'data', [name, shape(write)], []))
      .with({ op: 'align' }, ({ write, read }) => source.set(write, from(read)))
      .with({ op: 'stackRows' }, ({ write, reads }) => draw(write, 'stack', ['stack', shape(write)], reads))
      .with({ op: 'add' }, ({ write, reads }) => draw(write, 'sum', ['sum', shape(write)], reads))
      .with({ op: 'embed' }, ({ write, H }) => source.set(write, from(H)))
      .with({ op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, (fitted) => {
        const { op, layer, write, args } = fitted;
        const method = 'form' in args ? `${args.form} nmf` : op;
        draw(write.H, 'layer', [layer, `${method} k=${args.k}`, `H ${shape(write.H)}`], readsOf(fitted, plan));
      })
      .exhaustive();
  }
  return vertices;
}
