import type { GraphConfig } from '../dsl/config.js';
import type { Node } from '../dsl/node.js';
import type { Fault } from '../issues.js';
import { type Collected, labelOf, titleOf } from './collect.js';
import type { Contents } from './contents.js';
import { factorTerms } from './resolve.js';
import { tiedForm } from './tied.js';
import type { Weighed } from './weights.js';

/** What a graph that is to be trained jointly can't hold yet, node by node. */
export function jointFaults(
  node: Node,
  config: GraphConfig,
  input: Contents | undefined,
  weights: readonly Weighed[] = [],
): readonly Fault[] {
  if (config.training !== 'joint') return [];
  const refuse = (of: string, options: Readonly<Record<string, unknown>>, rule: string, cure: string): Fault => ({
    code: 'incompatible-options',
    of,
    options: { training: 'joint', ...options },
    rule: `Joint training must have ${rule}`,
    cure,
  });
  if (node.kind === 'add')
    return [refuse(titleOf(node), {}, 'a graph without sums', 'use factorConcat, or leave training out')];
  if (node.kind !== 'layer') return [];
  const of = `layer '${labelOf(node)}'`;
  const layerwise = 'leave training out';
  if (node.method === 'svd') return [refuse(of, {}, 'NMF layers alone', `use nmfLayer, or ${layerwise}`)];
  const form = tiedForm(node.spec);
  if (form !== null) return [refuse(of, { [form]: true }, 'layers with a W and an H of their own', layerwise)];
  const faults: Fault[] = [];
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
  const missing = input?.missing ?? 0;
  if (missing > 0)
    faults.push(refuse(of, { missing }, 'data without missing entries', `fill them in first, or ${layerwise}`));
  const weighed = weights.find(({ features, samples, entries }) => features ?? samples ?? entries);
  if (weighed !== undefined)
    faults.push(
      refuse(
        of,
        { weights: `those of ${weighed.of}` },
        'data without weights by feature, sample or entry',
        `use weight, one for all, or ${layerwise}`,
      ),
    );
  return faults;
}

/** What only joint training has, and outputs that don't go together in it. */
export function jointConfigFaults(graph: Collected, config: GraphConfig): readonly Fault[] {
  const { training, coupling, rounds } = config;
  const of = 'factorNet';
  if (training !== 'joint') {
    const only = { coupling, rounds };
    return Object.entries(only).flatMap(([option, value]): Fault[] =>
      value === undefined
        ? []
        : [
            {
              code: 'incompatible-options',
              of,
              options: { [option]: value, training: training ?? 'layerwise' },
              rule: `${option} must have training: 'joint'`,
              cure: `leave ${option} out, or train jointly`,
            },
          ],
    );
  }
  const signs = new Set(
    graph.order.flatMap((node) =>
      node.kind === 'layer' && node.method === 'nmf' ? [factorTerms(node.spec, 'H').nonneg] : [],
    ),
  );
  if (signs.size < 2) return [];
  const rule = 'Joint training must have embeddings that may all be negative, or none';
  return [{ code: 'incompatible-options', of, options: { training, 'nonneg.H': 'not the same' }, rule, cure: 'say the same of H in each layer' }]; // biome-ignore format: one thought
}
