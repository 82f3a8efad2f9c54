import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factorNet, type GraphConfig, type GraphFit, type LayerRef, loadFit, saveFit } from '../../src/index.js';
import { haveNative, withoutNative } from '../support/native.js';
import { anyGraph } from '../support/random-graph.js';
import { runs } from '../support/runs.js';

type Node = typeof anyGraph extends fc.Arbitrary<infer N> ? N : never;

/** The net of hand-made nodes; what is in it is not known to the type checker. */
const netOf = (node: Node, config: GraphConfig = {}) => factorNet({ node } as LayerRef, { seed: 5, ...config });
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
});
