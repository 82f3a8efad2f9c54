import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import {
  factorNet,
  type GraphConfig,
  GraphError,
  type GraphFit,
  type LayerFit,
  type LayerRef,
  loadFit,
  saveFit,
} from '../../src/index.js';
import { reference } from '../../src/kernels/reference.js';
import { type DenseMatrix, scaleRows, totalRows } from '../../src/matrix.js';
import { weightsOf } from '../../src/runtime/joint/model.js';
import { project } from '../../src/runtime/project.js';
import { estimates, fitted, leftOf } from '../../src/runtime/reconstruct.js';
import { run } from '../../src/runtime/run.js';
import { blocksIn } from '../../src/runtime/state.js';
import { haveNative, withoutNative } from '../support/native.js';
import { anyGraph, anyJointGraph } from '../support/random-graph.js';
import { runs } from '../support/runs.js';

type Node = typeof anyGraph extends fc.Arbitrary<infer N> ? N : never;

/** The net of hand-made nodes; what is in it is not known to the type checker. */
const netOf = (node: Node, config: GraphConfig = {}) => factorNet({ node } as LayerRef, { seed: 5, ...config });
/** A net that is trained jointly, as loosely as its signs need it. */
function jointly(node: Node, config: GraphConfig) {
  const train = (coupling = config.coupling) => netOf(node, { training: 'joint', ...config, coupling });
  try {
    return train();
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    expect(config.coupling).toBe(1);
    for (const issue of error.issues) expect(issue).toMatchObject({ options: { 'H.nonneg': true } });
    return train(0.7);
  }
}
const layersOf = ({ summary: _, ...layers }: GraphFit) => layers;
const numbersOf = (value: unknown): readonly number[] => {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array); // fits hold no other views
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
};

describe('any graph, any options', () => {
  test('finite numbers, and losses that are those of the reconstructions', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, async (node) => {
        const fit = await netOf(node).fit();
        expect(numbersOf(layersOf(fit)).every(Number.isFinite)).toBe(true);
        for (const { loss, explained } of Object.values(fit.summary.inputs)) {
          expect(Number.isFinite(loss) && loss >= 0).toBe(true);
          expect(explained).toBeLessThanOrEqual(1);
        }
      }),
      runs(60),
    );
  });

  test('saved and read it is the same to the bit, and so is what it is asked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'any-graph-'));
    try {
      await fc.assert(
        fc.asyncProperty(anyGraph, async (node) => {
          const fit = await netOf(node, { maxIter: 8 }).fit();
          const path = join(folder, 'fit');
          await saveFit(fit, path);
          const read = await loadFit(path);
          expect(read.layers).toEqual(layersOf(fit));
          expect(read.summary).toEqual(fit.summary);
          for (const input of Object.keys(fit.summary.inputs)) {
            const asked = fit as unknown as typeof read; // the same questions, by names that aren't known here
            expect(await read.reconstruct(input)).toEqual(await asked.reconstruct(input));
          }
        }),
        runs(40),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.skipIf(!haveNative)(`native equals reference${withoutNative}`, async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, async (node) => {
        const config = { maxIter: 4, tol: 0, precision: 'f64' } as const;
        const net = netOf(node, config);
        const [one, other] = [await net.fit({ backend: 'native' }), await net.fit({ backend: 'reference' })];
        // The embedding of an SVD has its own as singular vectors: which part of one is larger is for rounding to say.
        const rough = net.plan.fit.some((step) => step.op === 'nmf' && /svd/.test(step.args.start.from));
        fc.pre(!rough || net.plan.fit.every(({ op }) => op !== 'svd'));
        const narrow = net.plan.fit.some((step) => step.op === 'nmf' && step.args.precision === 'f32');
        for (const [input, { explained }] of Object.entries(one.summary.inputs))
          expect(Math.abs(explained - other.summary.inputs[input].explained)).toBeLessThan(narrow ? 1e-2 : 1e-5);
      }),
      runs(60),
    );
  });

  test('trained jointly, with sums and any signs, it never rises, keeps its signs and is what was measured', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'any-graph-'));
    try {
      await fc.assert(
        fc.asyncProperty(anyJointGraph, fc.constantFrom(1, 0.5), async (node, coupling) => {
          const net = jointly(node, { coupling, maxIter: 4, rounds: 8, tol: 0 });
          const fit = await net.fit();
          expect(numbersOf(layersOf(fit)).every(Number.isFinite)).toBe(true);
          const layers = layersOf(fit) as unknown as Readonly<Record<string, LayerFit<string>>>; // by names that are not known here
          const { rounds, inputs } = fit.summary;
          for (const [i, { objective }] of rounds.slice(1).entries())
            expect(objective).toBeLessThanOrEqual(rounds[i].objective * (1 + 1e-9) + 1e-12);
          for (const [input, { loss }] of Object.entries(inputs))
            expect(Math.abs(loss - rounds[rounds.length - 1].inputs[input])).toBeLessThan(1e-9 * (1 + loss));
          for (const step of net.plan.fit) {
            if (step.op !== 'nmf') continue;
            const { H, d } = layers[step.layer];
            if (step.args.norm === 'none') expect(d.every((value) => value === 1)).toBe(true);
            if (step.args.H.nonneg) expect(H.data.every((value) => value >= 0)).toBe(true);
          }
          const path = join(folder, 'fit');
          await saveFit(fit, path);
          const read = await loadFit(path);
          expect(read.layers).toEqual(layersOf(fit));
          for (const input of Object.keys(inputs)) {
            const asked = fit as unknown as typeof read; // the same questions, by names that aren't known here
            expect(await read.reconstruct(input)).toEqual(await asked.reconstruct(input));
          }
        }),
        runs(80),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('trained jointly, samples of the training are projected to what is at least as good', async () => {
    await fc.assert(
      fc.asyncProperty(anyJointGraph, async (node) => {
        const { plan } = jointly(node, { coupling: 1, maxIter: 4, rounds: 8, tol: 0 });
        const { bindings } = compile(node, { seed: 5 });
        const state = await run(plan, bindings, { kernels: reference, seed: 5 });
        const found = await project(plan, state, bindings, reference, {});
        const loss = async (embeddings: ReadonlyMap<string, DenseMatrix>) => {
          let sum = 0;
          const estimated = await estimates(plan, state, { embeddings, linear: false });
          for (const [slot, weight] of weightsOf(plan, state)) {
            const product = estimated.get(slot);
            if (product === undefined) continue;
            const X = blocksIn(state, slot);
            sum += weight * totalRows(X) * (await reference.mse({ X, W: leftOf(product), H: product.right }));
          }
          return sum;
        };
        const led = plan.output.map((layer): [string, DenseMatrix] => {
          const [E, result] = [found.get(layer), state.results.get(layer)];
          if (E === undefined || result === undefined) throw new Error(layer);
          return [layer, scaleRows(E, result.d)];
        });
        for (const step of plan.fit)
          if (step.op === 'nmf' && step.args.H.nonneg)
            expect(found.get(step.layer)?.data.every((value) => value >= 0)).toBe(true);
        expect(await loss(new Map(led))).toBeLessThanOrEqual((1 + 1e-9) * (await loss(fitted(state, plan.output).embeddings)) + 1e-12); // biome-ignore format: one thought
      }),
      runs(60),
    );
  });
});
