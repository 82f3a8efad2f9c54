import { drawing, type Vertex } from '../compiler/drawing.js';
import type { Plan } from '../compiler/plan.js';
import { show } from '../issues.js';
import { checking } from './check.js';
import { SET2 } from './colours.js';
import { layered } from './layered.js';
import { type Part, type Picture, picture } from './picture.js';
import { shortened } from './shortened.js';

export interface GraphPlotOptions {
  /** Default 'Graph'. */
  readonly title?: string | undefined;
}

/** A compiled graph. */
export interface WithPlan {
  readonly plan: Plan;
}

const KINDS = {
  data: { name: 'data', colour: SET2[2], shape: 'M-2,-0.75H2V0.75H-2Z' },
  layer: { name: 'layer', colour: SET2[0], shape: 'M-1.8,-0.75H1.8L2.1,0L1.8,0.75H-1.8L-2.1,0Z' },
  stack: { name: 'stack', colour: SET2[5], shape: 'circle' },
  sum: { name: 'sum', colour: SET2[1], shape: 'diamond' },
} as const satisfies Readonly<Record<Vertex['kind'], unknown>>;

/** Room of a vertex across and down. */
const [WIDE, TALL] = [150, 92];
/** Letters of a line, and what a line is high. */
const LONGEST = 18;
const LINE = 13;

/**
 * The graph itself, drawn from the plan that `explain()` prints: data, layers with their method and k, stacks and sums, each
 * with the shape of what comes of it, from the data above to the output below.
 *
 * @param net what `factorNet` returns.
 * @throws GraphError 'invalid-data' for what has no plan, 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('graph.svg', await plotGraph(net).toSvg());
 */
export function plotGraph(net: WithPlan, options: GraphPlotOptions = {}): Picture {
  const check = checking('plotGraph');
  const { title = 'Graph' } = check.options(options, ['title']);
  const isNet = typeof net === 'object' && net !== null && Array.isArray(net.plan?.slots);
  check.refuse('net', isNet, 'what factorNet returns', show(net));
  check.done();
  const vertices = drawing(net.plan);
  const laid = layered(vertices.map(({ slot, reads }) => ({ id: slot, reads })));
  const width = laid.widest * WIDE;
  const height = laid.levels * TALL;
  const pixels = ({ level, place }: { readonly level: number; readonly place: number }) => ({
    x: width / 2 + place * WIDE,
    y: (level + 0.5) * TALL,
  });
  const values = vertices.map(({ slot, kind, lines }) => ({
    ...pixels(laid.at.get(slot) ?? { level: 0, place: 0 }),
    kind: KINDS[kind].name,
    name: lines[0],
  }));
  const texts = vertices.flatMap(({ lines }, v) =>
    lines.map((line, i) => ({
      ...{ x: values[v].x, y: values[v].y + (i - (lines.length - 1) / 2) * LINE },
      text: shortened(line, LONGEST),
    })),
  );
  const bends = laid.edges.flatMap((path, edge) => path.map((bend, i) => ({ ...pixels(bend), edge, i })));
  const x = { field: 'x', type: 'quantitative', scale: null, axis: null };
  const y = { ...x, field: 'y' };
  const shown = Object.values(KINDS).filter(({ name }) => values.some(({ kind }) => kind === name));
  const scale = (of: 'colour' | 'shape') => ({
    domain: shown.map(({ name }) => name),
    range: shown.map((one) => one[of]),
  });
  const kind = { field: 'kind', type: 'nominal', title: null };
  const legend = { symbolSize: 60 };
  const layer: Part[] = [
    {
      data: { values: bends },
      mark: { type: 'line', color: '#999999', strokeWidth: 1.5, interpolate: 'monotone', orient: 'vertical' },
      encoding: { x, y, detail: { field: 'edge' }, order: { field: 'i' } },
    },
    {
      data: { values },
      mark: { type: 'point', filled: true, opacity: 1, size: 3600, stroke: '#555555', strokeWidth: 0.5, tooltip: true },
      encoding: {
        x,
        y,
        shape: { ...kind, legend, scale: scale('shape') },
        color: { ...kind, legend, scale: scale('colour') },
        tooltip: [{ field: 'name', type: 'nominal' }, kind],
      },
    },
    {
      data: { values: texts },
      mark: { type: 'text', baseline: 'middle', align: 'center', fontSize: 10 },
      encoding: { x, y, text: { field: 'text', type: 'nominal' } },
    },
  ];
  return picture(title, [], { width, height, layer });
}
