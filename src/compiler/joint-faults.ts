import type { GraphConfig } from '../dsl/config.js';
import { type LayerNode, type Node, upstream } from '../dsl/node.js';
import type { Fault, GraphIssue } from '../issues.js';
import type { Side } from '../objective.js';
import type { Collected } from './collect.js';
import { isNode, labelOf, titleOf } from './nodes.js';
import { plannedLoss } from './planned-loss.js';
import { factorTerms, svdTerms } from './resolve.js';
import { tiedForm } from './tied.js';

type SvdNode = Extract<LayerNode, { readonly method: 'svd' }>;
type Refuse = (of: string, options: Readonly<Record<string, unknown>>, rule: string, cure: string) => Fault;

/** What a graph that is to be trained jointly can't hold yet, node by node. */
export function jointFaults(node: Node, config: GraphConfig): readonly Fault[] {
  if (config.training !== 'joint') return [];
  const refuse: Refuse = (of, options, rule, cure) => ({
    code: 'incompatible-options',
    of,
    options: { training: 'joint', ...options },
    rule: `Joint training must have ${rule}`,
    cure,
  });
  if (node.kind === 'add' && node.options?.align === true)
    return [refuse(titleOf(node), { align: true }, 'sums whose factors meet by place', 'leave align or training out')];
  if (node.kind !== 'layer') return [];
  const of = `layer '${labelOf(node)}'`;
  const layerwise = 'leave training out';
  if (node.method === 'svd') return svdFaults(node, of, refuse);
  const form = tiedForm(node.spec);
  if (form !== null) return [refuse(of, { [form]: true }, 'layers with a W and an H of their own', layerwise)];
  const faults: Fault[] = [];
  const loss = plannedLoss(node.spec.loss);
  if (loss !== null)
    faults.push(refuse(of, { loss: loss.name }, "layers with loss 'mse'", `leave loss out, or ${layerwise}`));
  for (const side of ['W', 'H'] as const) {
    const { nonneg: _, ...terms } = factorTerms(node.spec, side);
    for (const [term, value] of Object.entries(terms)) {
      if (value === 0 || value === null) continue;
      const lambda = typeof value === 'number' ? value : `a ${term}`;
      faults.push(
        refuse(of, { [`${side}.${term}`]: lambda }, 'layers without penalties and bounds', `leave ${term} out`),
      );
    }
  }
  return faults;
}

/** Bounds and penalties of an SVD; and deviations of embeddings, whose units are nobody's in a loss of the data. */
function svdFaults({ spec, input }: SvdNode, of: string, refuse: Refuse): readonly Fault[] {
  const faults: Fault[] = [];
  const terms = svdTerms(spec);
  for (const [side, { L1, nonneg }] of Object.entries(terms ?? {})) {
    const rule = 'SVD layers without penalties and bounds';
    if (L1 > 0) faults.push(refuse(of, { [`${side}.L1`]: L1 }, rule, 'leave L1 out'));
    if (nonneg) faults.push(refuse(of, { [`${side}.nonneg`]: true }, rule, `use nmfLayer, or leave nonneg out`));
  }
  const { L2 = 0, scale } = spec;
  if (L2 > 0) faults.push(refuse(of, { L2 }, 'SVD layers without penalties and bounds', 'leave L2 out'));
  if (scale === true && !isData(input))
    faults.push(refuse(of, { scale }, 'SVD layers that scale nothing but data', 'leave scale out'));
  return faults;
}

/** Whether nothing in a node is the embedding of a layer; what is no node has been reported where the graph was collected. */
const isData = (node: Node): boolean => !isNode(node) || (node.kind !== 'layer' && upstream(node).every(isData));

/** What only joint training has. */
export function jointConfigFaults({ training, coupling, rounds }: GraphConfig): readonly Fault[] {
  if (training === 'joint') return [];
  return Object.entries({ coupling, rounds }).flatMap(([option, value]): Fault[] =>
    value === undefined
      ? []
      : [
          {
            code: 'incompatible-options',
            of: 'factorNet',
            options: { [option]: value, training: training ?? 'layerwise' },
            rule: `${option} must have training: 'joint'`,
            cure: `leave ${option} out, or train jointly`,
          },
        ],
  );
}

/** Which factor of which layer may be negative. */
interface Free {
  readonly layer: string;
  readonly side: Side;
}

/**
 * Embeddings that are to stay at least 0, but are made of what may be negative. Only with a coupling of 1, and not at the
 * output: there, and below 1, an embedding is the layer's own.
 */
export function jointSignFaults({ order, output, where }: Collected, config: GraphConfig): readonly GraphIssue[] {
  const { training, coupling = 1 } = config;
  if (training !== 'joint' || coupling < 1) return [];
  const tops = new Set([output]);
  /** What may be negative in all that is made of a node from above; nodes come downstream first. */
  const above = new Map<Node, Free>();
  const faults: GraphIssue[] = [];
  for (const node of order.toReversed()) {
    const top = tops.has(node);
    const free = above.get(node);
    const nonneg = (side: Side) =>
      node.kind !== 'layer' || (node.method === 'nmf' && factorTerms(node.spec, side).nonneg);
    const layer = labelOf(node);
    if (node.kind === 'layer' && !top && free !== undefined && nonneg('H'))
      faults.push({
        code: 'incompatible-options',
        of: `layer '${layer}'`,
        options: { training, coupling, 'H.nonneg': true, [`${free.side}.nonneg of layer '${free.layer}'`]: false },
        rule: 'What an embedding that stays at least 0 is made of, in joint training with coupling 1, must do so too',
        cure: `say nonneg: { H: false } in '${layer}', or train with less coupling`,
        at: where(node),
      });
    const first = nonneg('W') ? (top && !nonneg('H') ? { layer, side: 'H' as const } : free) : { layer, side: 'W' as const }; // biome-ignore format: one thought
    for (const part of upstream(node)) {
      if (top && node.kind !== 'layer') tops.add(part);
      if (first !== undefined && !above.has(part)) above.set(part, first);
    }
  }
  return faults;
}
