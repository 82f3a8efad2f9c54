import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOf } from '../../src/compiler/cost.js';
import { explain } from '../../src/compiler/explain.js';
import type { Plan, SlotId, Step } from '../../src/compiler/plan.js';
import { type Node, upstream } from '../../src/dsl/node.js';
import {
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  H,
  nmfLayer,
  svdLayer,
  W,
} from '../../src/index.js';
import { diamond } from '../support/graphs.js';
import { sparse, uniform } from '../support/matrices.js';
import { anyGraph, planOf } from '../support/random-graph.js';
import { runs } from '../support/runs.js';

const x = factorInput(uniform(6, 5, 1), { name: 'x' });
const y = factorInput(sparse(4, 5, 2), { name: 'y' });
const a = nmfLayer(x, { name: 'a', k: 2 });
const steps = (plan: Plan): readonly Step[] => [...plan.prepare, ...plan.fit, ...plan.finish];
const count = (plan: Plan, op: Step['op']) => steps(plan).filter((step) => step.op === op).length;
const reads = (step: Step): readonly SlotId[] =>
  'reads' in step ? step.reads : 'read' in step ? [step.read] : step.op === 'embed' ? [step.d, step.H] : [];
const writes = (step: Step): readonly SlotId[] =>
  'parts' in step
    ? step.parts.map((part) => part.write)
    : typeof step.write === 'string'
      ? [step.write]
      : Object.values(step.write);

test('a text of the plan may leave out the seed, and nothing else', () => {
  for (const seed of [7, undefined]) {
    const { plan } = factorNet(diamond(), seed === undefined ? {} : { seed });
    const [first, ...rest] = explain(plan, { seed: false }).split('\n');
    expect(explain(plan)).toBe([`${first}; seed ${seed ?? 'drawn at each fit'}`, ...rest].join('\n'));
  }
});

test('the diamond with every kind of node, as text', () => {
  expect(factorNet(diamond(), { seed: 7 }).explain()).toMatchInlineSnapshot(`
    "2 inputs, 4 layers, 9 samples; seed 7
    prepare
      %0 = load rna   12×9 dense, 864 B
      %1 = load atac   7×9 sparse, 23 entries, 316 B
      %2 = stackRows %0 %1   19×9, no copy
      %18 = load condition 1   1×9 dense, 72 B
      %19 = load condition 2   2×9 dense, 144 B
    fit
      %3 %4 %5 = nmf %2 k=3   joint: W 19×3, H 3×9
          mse by HALS with HER, at most 3 sweeps, f64, norm L1, tol 0.0001, at most 100 iterations
          each: 1.92 k multiply-adds, 6.39 kB moved
      %8 = diag(%4)·%5   3×9, the embedding of joint
      %9 %10 %11 = nmf %0 k=3   b: W 12×3, H 3×9
          mse by HALS with HER, at most 3 sweeps, f64, W L1 0.001, H L1 0.001, norm L1, tol 0.0001, at most 100 iterations
          each: 1.5 k multiply-adds, 4.75 kB moved
      %12 = diag(%10)·%11   3×9, the embedding of b
      %13 = add %8 %12   3×9
      %14 %15 %16 = svd %1 k=2   axes: W 7×2, H 2×9
          block Krylov, centred, tol 1e-10, at most 100 restarts
          each: 3.64 k multiply-adds, 6.11 kB moved
      %17 = diag(%15)·%16   2×9, the embedding of axes
      %20 = stackRows %13 %17 %18 %8 %19   11×9, no copy
      %21 %22 %23 = nmf %20 k=2   top: W 11×2, H 2×9
          mse by HALS with HER, at most 3 sweeps, f64, norm L1, tol 0.0001, at most 100 iterations
          each: 756 multiply-adds, 3.5 kB moved
    finish
      rna=%6 atac=%7 = splitRows %3   joint.W.rna 12×3, joint.W.atac 7×3
      W=%24 Wcondition=%25 = splitRows %21   top.W 8×2, top.Wcondition 3×2
    notes
      top: its input may hold negative numbers, which non-negative factors can only approach by zero"
  `);
});

test('the diamond as a Mermaid flowchart', () => {
  expect(factorNet(diamond()).toMermaid()).toMatchInlineSnapshot(`
    "flowchart TD
      s0[("rna<br/>12×9")]
      s1[("atac<br/>7×9")]
      s2(("stack<br/>19×9"))
      s0 --> s2
      s1 --> s2
      s18[("condition 1<br/>1×9")]
      s19[("condition 2<br/>2×9")]
      s5["joint<br/>nmf k=3<br/>H 3×9"]
      s2 --> s5
      s11["b<br/>nmf k=3<br/>H 3×9"]
      s0 --> s11
      s13(("sum<br/>3×9"))
      s5 --> s13
      s11 --> s13
      s16["axes<br/>svd k=2<br/>H 2×9"]
      s1 --> s16
      s20(("stack<br/>11×9"))
      s13 --> s20
      s16 --> s20
      s18 --> s20
      s5 --> s20
      s19 --> s20
      s23["top<br/>nmf k=2<br/>H 2×9"]
      s20 --> s23"
  `);
});

test('options are in the text, notes too', () => {
  const signed = factorInput(
    [
      [1, -2],
      [3, 4],
      [0, 1],
    ],
    { name: 'signed' },
  );
  const layer = nmfLayer(signed, {
    name: 'l',
    k: 4,
    W: W({ nonneg: false, L1: 0.5 }),
    H: H({ L2: 2 }),
    seed: 3,
    norm: 'none',
  });
  expect(factorNet(svdLayer(layer, { name: 's', k: 1, scale: true, seed: 9 })).explain()).toMatchInlineSnapshot(`
    "1 input, 2 layers, 2 samples; seed drawn at each fit
    prepare
      %0 = load signed   3×2 dense, 48 B
    fit
      %1 %2 %3 = nmf %0 k=4   l: W 3×4, H 4×2
          mse by HALS with HER, at most 3 sweeps, f64, W any sign, W L1 0.5, H L2 2, norm none, tol 0.0001, at most 100 iterations, seed 3
          each: 408 multiply-adds, 1.06 kB moved
      %4 = diag(%2)·%3   4×2, the embedding of l
      %5 %6 %7 = svd %4 k=1   s: W 4×1, H 1×2
          block Krylov, scaled, tol 1e-10, at most 100 restarts, seed 9
          each: 200 multiply-adds, 896 B moved
    notes
      l: k=4 is more than a 3×2 matrix can need; the surplus factors may stay empty"
  `);
});

describe('any graph', () => {
  test('a plan is JSON, every slot is written once and before it is read, every layer fitted once', () => {
    fc.assert(
      fc.property(anyGraph, (node) => {
        const { plan, bindings } = planOf(node);
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
        const full = new Set<SlotId>();
        for (const step of steps(plan)) {
          for (const slot of reads(step)) expect(full).toContain(slot);
          for (const slot of writes(step)) {
            expect(full).not.toContain(slot);
            full.add(slot);
          }
        }
        expect(full.size).toBe(plan.slots.length);
        const nodes = [...reachable(node)];
        expect(count(plan, 'nmf') + count(plan, 'svd')).toBe(nodes.filter(({ kind }) => kind === 'layer').length);
        const loads = steps(plan).filter((step) => step.op === 'load' && step.source !== 'term');
        expect(loads).toHaveLength(nodes.filter(({ kind }) => kind === 'input' || kind === 'condition').length);
        expect(bindings.size).toBe(count(plan, 'load'));
        for (const step of plan.fit) {
          if (step.op !== 'nmf' || step.args.weights === null) continue;
          const stack = steps(plan).find((other) => other.op === 'stackRows' && other.write === step.read);
          expect(step.args.weights).toHaveLength(stack === undefined ? 1 : reads(stack).length);
        }
        for (const step of steps(plan)) expect(costOf(step, plan).multiplyAdds).toBeGreaterThanOrEqual(0);
      }),
      runs(300),
    );
  });

  test('compiling again gives the same plan', () => {
    fc.assert(
      fc.property(anyGraph, (node) => {
        expect(planOf(node).plan).toEqual(planOf(node).plan);
      }),
    );
  });
});

function reachable(node: Node, seen = new Set<Node>()): Set<Node> {
  if (seen.has(node)) return seen;
  seen.add(node);
  for (const part of upstream(node)) reachable(part, seen);
  return seen;
}

test('a node reached twice is lowered once, and equal stacks are made once', () => {
  const shared = factorShared(x, y);
  const { plan } = factorNet(factorAdd(nmfLayer(shared, { name: 'p', k: 2 }), nmfLayer(shared, { name: 'q', k: 2 })));
  expect([count(plan, 'load'), count(plan, 'stackRows'), count(plan, 'nmf')]).toEqual([2, 1, 2]);
});

test('concats of concats and nested conditions are stacked flat', () => {
  const b = nmfLayer(y, { name: 'b', k: 3 });
  const inner = factorCondition(factorConcat(a, b), uniform(1, 5, 3));
  const { plan } = factorNet(
    nmfLayer(factorCondition(factorConcat(inner, factorConcat(b, a)), uniform(2, 5, 4)), { name: 't', k: 2 }),
  );
  expect(count(plan, 'stackRows')).toBe(1);
  const split = plan.finish.at(-1);
  expect(split?.parts.map(({ part, rows }) => ({ part, rows }))).toEqual([
    {
      part: 'rest',
      rows: [
        [0, 2],
        [2, 5],
        [6, 9],
        [9, 11],
      ],
    },
    {
      part: 'condition',
      rows: [
        [5, 6],
        [11, 13],
      ],
    },
  ]);
});

test('an embedding is handed on with its scale, or without where the consumer says so', () => {
  const scaled = factorNet(nmfLayer(a, { name: 't', k: 1 })).plan;
  const bare = factorNet(nmfLayer(a, { name: 't', k: 1, embedding: 'normalized' })).plan;
  expect([count(scaled, 'embed'), count(bare, 'embed')]).toEqual([1, 0]);
});

test('layers have streams of their own, in order; a seed of their own makes them independent of it', () => {
  const deep = nmfLayer(nmfLayer(a, { name: 'b', k: 2, seed: 4 }), { name: 'c', k: 1 });
  const starts = factorNet(deep, { seed: 1 }).plan.fit.flatMap((step) => (step.op === 'nmf' ? [step.args.start] : []));
  expect(starts).toEqual([
    { from: 'random', seed: null, stream: 0 },
    { from: 'random', seed: 4, stream: 0 },
    { from: 'random', seed: null, stream: 2 },
  ]);
});

test('layer options go before graph options, and W() and H() before both', () => {
  const layer = nmfLayer(x, { name: 'a', k: 2, L1: 0.1, nonneg: { W: false }, W: W({ L1: 0 }), tol: 1e-3 });
  const { plan } = factorNet(layer, { tol: 1e-9, maxIter: 7 });
  const step = plan.fit.find(({ op }) => op === 'nmf');
  expect(step).toMatchObject({
    args: {
      tol: 1e-3,
      maxIter: 7,
      norm: 'L1',
      W: { L1: 0, L2: 0, nonneg: false },
      H: { L1: 0.1, L2: 0, nonneg: true },
    },
  });
});

test('chains of any length', () => {
  let chain: Node = a.node;
  for (let i = 0; i < 20_000; i++)
    chain = { kind: 'layer', method: 'nmf', input: chain, spec: { name: `c${i}`, k: 2 } };
  expect(planOf(chain).plan.layers).toHaveLength(20_001);
  let conditions: Node = x.node;
  for (let i = 0; i < 5000; i++) conditions = { kind: 'condition', input: conditions, Z: uniform(1, 5, i) };
  const plan = planOf({ kind: 'layer', method: 'nmf', input: conditions, spec: { name: 't', k: 1 } }).plan;
  expect(count(plan, 'load')).toBe(5001);
});
