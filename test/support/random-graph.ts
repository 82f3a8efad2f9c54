import fc from 'fast-check';
import { compile } from '../../src/compiler/compile.js';
import type { NmfSpec } from '../../src/dsl/config.js';
import type { Node } from '../../src/dsl/node.js';
import { H, type Matrix } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { rowMajor, single, sparse, uniform } from './matrices.js';

const SAMPLES = 8;

/** One decision about the next node: what kind, and which of the nodes made before it to take. */
const decision = fc.record({
  kind: fc.constantFrom('nmf', 'nmf', 'svd', 'shared', 'concat', 'add', 'condition'),
  first: fc.nat(1000),
  second: fc.nat(1000),
  k: fc.integer({ min: 1, max: 4 }),
  flag: fc.boolean(),
  method: fc.oneof(
    fc.record(
      {
        solver: fc.constant('hals' as const),
        accelerate: fc.constantFrom('her', 'none'),
        sweeps: fc.constantFrom<number | 'auto'>('auto', 1, 3),
      },
      { requiredKeys: [] },
    ),
    fc.record({ solver: fc.constant('bpp' as const), accelerate: fc.constantFrom('her', 'none') }),
    fc.record({ solver: fc.constant('cholesky' as const) }),
  ),
  more: fc.record(
    {
      precision: fc.constantFrom('auto', 'f32', 'f64'),
      norm: fc.constantFrom('L1', 'L2', 'none'),
      L1: fc.constantFrom(0, 0.01),
    },
    { requiredKeys: [] },
  ),
  terms: fc.record(
    {
      angular: fc.constant(0.05),
      L21: fc.constant(0.001),
      graphLambda: fc.constant(0.1),
      targetLambda: fc.constantFrom(0.2, -0.3),
      upperBound: fc.constant(0.7),
    },
    { requiredKeys: [] },
  ),
  begin: fc.oneof(
    fc.record({ start: fc.constantFrom('random', 'nndsvd', 'nndsvda', 'svd') }),
    fc.record({ restarts: fc.integer({ min: 1, max: 3 }) }),
  ),
});
type Decision = typeof decision extends fc.Arbitrary<infer T> ? T : never;

const choices = {
  inputs: fc.integer({ min: 2, max: 3 }),
  decisions: fc.array(decision, { minLength: 1, maxLength: 9 }),
  seed: fc.nat(1000),
  narrow: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
};

/** Graphs without faults: any mix of nodes over two or three inputs, with diamonds; a layer at the top. */
export const anyGraph: fc.Arbitrary<Node> = fc
  .record({ ...choices, gaps: fc.boolean() })
  .map(({ gaps, decisions, ...rest }) =>
    topOf(build({ ...rest, gaps, decisions: gaps ? decisions.map(gapless) : decisions })),
  );

const signs = fc.constantFrom(undefined, undefined, { W: false }, { H: false }, { W: false, H: false });

/** Graphs that can be trained jointly, but for their signs; one layer at the top or several, some of them read too. */
export const anyJointGraph: fc.Arbitrary<Node> = fc
  .record({ ...choices, signs: fc.array(signs, { minLength: 9, maxLength: 9 }), wide: fc.nat(3), at: fc.nat(1000) })
  .map(({ decisions, signs, wide, at, ...rest }) => {
    const nodes = build({ ...rest, gaps: false, decisions: decisions.map((choice, i) => bare(choice, signs[i])) });
    const top = topOf(nodes);
    const branches = branchesIn(nodes);
    return wide > 0 || branches.length === 0 ? top : { kind: 'concat', inputs: [top, branches[at % branches.length]] };
  });

/** What joint training can't have is left out. */
const bare = ({ more: { L1: _, ...more }, ...choice }: Decision, nonneg: NmfSpec['nonneg']): Choice => ({
  ...choice,
  kind: choice.kind === 'svd' && choice.second % 2 === 0 ? 'add' : choice.kind,
  // What is clipped of the embedding of an SVD may be so large that all digits cancel.
  method: choice.method.solver === 'cholesky' ? { solver: 'hals' } : choice.method,
  more,
  terms: {},
  nonneg,
});

/** What layers over missing entries can't have is left out. */
const gapless = (choice: Decision): Decision => ({
  ...choice,
  kind: choice.kind === 'svd' ? 'nmf' : choice.kind,
  method: choice.method.solver === 'hals' ? choice.method : { solver: 'hals' },
  begin: 'start' in choice.begin ? { restarts: 1 } : choice.begin,
});

/** A decision, and which factors may be negative. */
type Choice = Decision & { readonly nonneg?: NmfSpec['nonneg'] };

interface Choices {
  readonly inputs: number;
  readonly decisions: readonly Choice[];
  readonly seed: number;
  readonly narrow: readonly boolean[];
  readonly gaps: boolean;
}

function build({ inputs, decisions, seed, narrow, gaps }: Choices): readonly Node[] {
  /** Dense in columns, sparse, and dense in rows. */
  const first = uniform(4, SAMPLES, seed);
  const forms: readonly Matrix[] = [
    gaps ? dense(4, SAMPLES, first.data.map((x, p) => (p % 5 === 2 ? Number.NaN : x))) : first, // biome-ignore format: one thought
    sparse(5, SAMPLES, seed + 1),
    rowMajor(uniform(6, SAMPLES, seed + 2)),
  ];
  const nodes: Node[] = forms.slice(0, inputs).map((form, i) => ({
    kind: 'input',
    options: { name: `x${i}` },
    data: narrow[i] ? single(form) : form,
  }));
  for (const [i, choice] of decisions.entries()) nodes.push(nextNode(nodes, choice, i, seed));
  return nodes;
}

const topOf = (nodes: readonly Node[]): Node => ({
  kind: 'layer',
  method: 'nmf',
  input: nodes[nodes.length - 1],
  spec: { name: 'top', k: 2 },
});

const branchesIn = (nodes: readonly Node[]) =>
  nodes.filter((node) => node.kind === 'layer' || node.kind === 'concat' || node.kind === 'add');

function nextNode(nodes: readonly Node[], choice: Choice, i: number, seed: number): Node {
  const { kind, first, second, k, flag, method, more, begin, nonneg } = choice;
  const signs = nonneg === undefined ? {} : { nonneg };
  const options: Partial<NmfSpec> = { ...method, ...more, ...begin, ...signs, ...termsOf(choice, seed + i) };
  const pick = (from: readonly Node[], at: number) => from[at % from.length];
  const layer = (input: Node): Node => ({
    kind: 'layer',
    method: 'nmf',
    input,
    spec: { ...options, name: `n${i}`, k, embedding: flag ? 'scaled' : 'normalized' },
  });
  const members = nodes.filter((node) => node.kind === 'input' || node.kind === 'layer');
  const branches = branchesIn(nodes);
  switch (kind) {
    case 'svd':
      return {
        kind: 'layer',
        method: 'svd',
        input: pick(
          nodes.filter((node) => !('options' in node) || node.kind !== 'shared'),
          first,
        ),
        spec: { name: `s${i}`, k, center: flag },
      };
    case 'shared': {
      const one = pick(members, first);
      const rest = members.filter((other) => other !== one);
      const weighed = flag ? { options: { weights: 'balance' as const } } : {};
      return { kind: 'shared', inputs: [one, pick(rest, second)], ...weighed };
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

/** Terms of H that a layer solved by sweeps can have. */
function termsOf({ method, more, terms, k }: Decision, seed: number): Partial<NmfSpec> {
  if (method.solver !== 'hals') return {};
  const { graphLambda, targetLambda, upperBound, ...rest } = terms;
  const chain = dense(SAMPLES, SAMPLES);
  for (let j = 1; j < SAMPLES; j++) chain.data[j + (j - 1) * SAMPLES] = chain.data[j - 1 + j * SAMPLES] = 1;
  return {
    H: H({
      ...rest,
      ...(graphLambda === undefined ? {} : { graph: chain, graphLambda }),
      ...(targetLambda === undefined ? {} : { target: uniform(k, SAMPLES, seed + 30), targetLambda }),
      ...(more.norm === 'none' ? { upperBound } : {}),
    }),
  };
}

function rankOf(node: Node): number {
  if (node.kind === 'layer') return node.spec.k;
  if (node.kind === 'concat') return node.inputs.reduce((sum, part) => sum + rankOf(part), 0);
  return node.kind === 'add' ? rankOf(node.inputs[0]) : 0;
}

/** The plan of a graph, for tests that start from nodes. */
export const planOf = (node: Node) => compile(node, { seed: 5 });
