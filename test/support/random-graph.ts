import fc from 'fast-check';
import { compile } from '../../src/compiler/compile.js';
import type { Node } from '../../src/dsl/node.js';
import { sparse, uniform } from './matrices.js';

const SAMPLES = 8;

/** One decision about the next node: what kind, and which of the nodes made before it to take. */
const decision = fc.record({
  kind: fc.constantFrom('nmf', 'nmf', 'svd', 'shared', 'concat', 'add', 'condition'),
  first: fc.nat(1000),
  second: fc.nat(1000),
  k: fc.integer({ min: 1, max: 4 }),
  flag: fc.boolean(),
});
type Decision = typeof decision extends fc.Arbitrary<infer T> ? T : never;

/** Graphs without faults: any mix of nodes over two or three inputs, with diamonds; a layer at the top. */
export const anyGraph: fc.Arbitrary<Node> = fc
  .record({
    inputs: fc.integer({ min: 2, max: 3 }),
    decisions: fc.array(decision, { minLength: 1, maxLength: 9 }),
    seed: fc.nat(1000),
  })
  .map(({ inputs, decisions, seed }) => build(inputs, decisions, seed));

function build(inputs: number, decisions: readonly Decision[], seed: number): Node {
  const nodes: Node[] = Array.from({ length: inputs }, (_, i) => ({
    kind: 'input',
    options: { name: `x${i}` },
    data: i === 1 ? sparse(5, SAMPLES, seed + i) : uniform(4 + i, SAMPLES, seed + i),
  }));
  for (const [i, choice] of decisions.entries()) nodes.push(nextNode(nodes, choice, i, seed));
  return { kind: 'layer', method: 'nmf', input: nodes[nodes.length - 1], spec: { name: 'top', k: 2 } };
}

function nextNode(nodes: readonly Node[], { kind, first, second, k, flag }: Decision, i: number, seed: number): Node {
  const pick = (from: readonly Node[], at: number) => from[at % from.length];
  const layer = (input: Node): Node => ({
    kind: 'layer',
    method: 'nmf',
    input,
    spec: { name: `n${i}`, k, embedding: flag ? 'scaled' : 'normalized' },
  });
  const members = nodes.filter((node) => node.kind === 'input' || node.kind === 'layer');
  const branches = nodes.filter((node) => node.kind === 'layer' || node.kind === 'concat' || node.kind === 'add');
  switch (kind) {
    case 'svd':
      return { kind: 'layer', method: 'svd', input: pick(nodes, first), spec: { name: `s${i}`, k, center: flag } };
    case 'shared': {
      const one = pick(members, first);
      return {
        kind: 'shared',
        inputs: [
          one,
          pick(
            members.filter((other) => other !== one),
            second,
          ),
        ],
      };
    }
    case 'concat':
      return branches.length === 0
        ? layer(pick(nodes, first))
        : { kind: 'concat', inputs: [pick(branches, first), pick(branches, second)] };
    case 'add': {
      const one = branches.length === 0 ? undefined : pick(branches, first);
      const equal = branches.filter((other) => one !== undefined && rankOf(other) === rankOf(one));
      return one === undefined ? layer(pick(nodes, first)) : { kind: 'add', inputs: [one, pick(equal, second)] };
    }
    case 'condition': {
      const layers = nodes.filter((node) => node.kind !== 'condition');
      return layer({ kind: 'condition', input: pick(layers, first), Z: uniform(k, SAMPLES, seed + 10 + i) });
    }
    default:
      return layer(pick(nodes, first));
  }
}

function rankOf(node: Node): number {
  if (node.kind === 'layer') return node.spec.k;
  if (node.kind === 'concat') return node.inputs.reduce((sum, part) => sum + rankOf(part), 0);
  return node.kind === 'add' ? rankOf(node.inputs[0]) : 0;
}

/** The plan of a graph, for tests that start from nodes. */
export const planOf = (node: Node) => compile(node, { seed: 5 });
