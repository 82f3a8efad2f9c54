import { describe, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import type * as schemas from '../../src/dsl/schemas.js';
import {
  type AddOptions,
  type ConditionOptions,
  type DenseMatrix,
  type FactorNet,
  type FitOptions,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  type GraphFit,
  graphFromJSON,
  graphToJSON,
  H,
  type InputOptions,
  type LayerFit,
  type LossOption,
  loadGraph,
  type Matrix,
  type NmfSpec,
  nmfLayer,
  type SharedOptions,
  type SvdSpec,
  saveGraph,
  svdLayer,
  W,
} from '../../src/index.js';
import type { ReconstructOptions } from '../../src/runtime/fit.js';

declare const X1: Matrix;
declare const X2: Matrix;
declare const Z: DenseMatrix;
declare const k: number;
declare const anyName: string;

const rna = factorInput(X1, { name: 'rna' });
const atac = factorInput(X2, { name: 'atac' });
const joint = nmfLayer(factorShared(rna, atac), { name: 'joint', k: 20, W: W({ L1: 0.1 }), H: H({ L2: 0.01 }) });
const a = nmfLayer(rna, { name: 'a', k: 16 });
const b = svdLayer(rna, { name: 'b', k: 16, center: true });
const c = nmfLayer(rna, { name: 'c', k: 20 });

describe('results are typed by layer and modality', () => {
  test('names come out as they went in', async () => {
    const fit = await factorNet(nmfLayer(joint, { name: 'coarse', k: 5 }), { seed: 1 }).fit();
    expectTypeOf(fit.joint.W.rna).toEqualTypeOf<DenseMatrix>();
    expectTypeOf<keyof typeof fit.joint.W>().toEqualTypeOf<'rna' | 'atac'>();
    expectTypeOf(fit.coarse.W).toEqualTypeOf<DenseMatrix>();
    expectTypeOf<keyof typeof fit>().toEqualTypeOf<
      'joint' | 'coarse' | 'summary' | 'reconstruct' | 'project' | 'loadings' | 'explained' | 'report'
    >();
    expectTypeOf<keyof typeof fit.summary.inputs>().toEqualTypeOf<'rna' | 'atac'>();
    expectTypeOf(fit.summary.inputs.rna.factors).toEqualTypeOf<{ readonly coarse: Float64Array }>();
    // @ts-expect-error not the output
    fit.summary.inputs.rna.factors.joint;
    // @ts-expect-error no such layer
    fit.joined;
    // @ts-expect-error no such modality
    fit.joint.W.protein;
    // @ts-expect-error no such input
    await fit.reconstruct('protein');
    // @ts-expect-error no such layer
    await fit.reconstruct('rna', { through: 'fine' });
    // @ts-expect-error no condition below this layer
    fit.coarse.Wcondition;
  });

  test('every branch is there', async () => {
    const merged = nmfLayer(factorConcat(a, c, factorCondition(b, Z)), { name: 'out', k: 8 });
    const fit = await factorNet(merged).fit();
    expectTypeOf<keyof typeof fit>().toEqualTypeOf<
      'a' | 'b' | 'c' | 'out' | 'summary' | 'reconstruct' | 'project' | 'loadings' | 'explained' | 'report'
    >();
    expectTypeOf(fit.out.W).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(fit.out.Wcondition).toEqualTypeOf<DenseMatrix>();
  });

  test('fluent verbs build the same types', async () => {
    const chained = factorShared(rna, atac)
      .nmfLayer({ name: 'j', k: 20 })
      .factorCondition(Z)
      .nmfLayer({ name: 'top', k: 5 });
    const fit = await factorNet(chained).fit();
    expectTypeOf<keyof typeof fit.j.W>().toEqualTypeOf<'rna' | 'atac'>();
    expectTypeOf(fit.top.W).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(fit.top.Wcondition).toEqualTypeOf<DenseMatrix>();
    // @ts-expect-error layer name already used upstream
    chained.nmfLayer({ name: 'j', k: 2 });
  });

  test('conditions under a shared layer, and layers as modalities', async () => {
    const fit = await factorNet(nmfLayer(factorCondition(factorShared(rna, atac), Z), { name: 'j', k: 3 })).fit();
    expectTypeOf<keyof typeof fit.j.W>().toEqualTypeOf<'rna' | 'atac'>();
    expectTypeOf(fit.j.Wcondition).toEqualTypeOf<DenseMatrix>();
    const mixed = await factorNet(nmfLayer(factorShared(atac, a), { name: 'm', k: 3 })).fit();
    expectTypeOf<keyof typeof mixed.m.W>().toEqualTypeOf<'atac' | 'a'>();
    expectTypeOf<keyof typeof mixed>().toEqualTypeOf<
      'a' | 'm' | 'summary' | 'reconstruct' | 'project' | 'loadings' | 'explained' | 'report'
    >();
    expectTypeOf<keyof typeof mixed.summary.inputs>().toEqualTypeOf<'rna' | 'atac'>();
  });

  test('any fit and any net have types of their own', async () => {
    const net = factorNet(joint);
    const report = (fit: GraphFit, of: FactorNet, layer: LayerFit) => [fit.summary.loss, of.explain(), layer.W.rows];
    const split = (layer: LayerFit<string>) => layer.d.length;
    const fit = await net.fit();
    report(fit, net, (await factorNet(a).fit()).a);
    split(fit.joint);
  });

  test('options may be undefined, as they are when they come from elsewhere', () => {
    const maybe = { L1: undefined as number | undefined, seed: undefined as number | undefined };
    factorNet(nmfLayer(rna, { name: 'a', k: 2, L1: maybe.L1, H: H({ L2: maybe.L1 }), tol: undefined }), {
      seed: maybe.seed,
    });
    factorNet(a).fit({ signal: undefined, onProgress: undefined, threads: maybe.seed, backend: undefined });
  });

  test('a sum is an output too', async () => {
    const fit = await factorNet(factorAdd(a, b)).fit();
    expectTypeOf<keyof typeof fit>().toEqualTypeOf<
      'a' | 'b' | 'summary' | 'reconstruct' | 'project' | 'loadings' | 'explained' | 'report'
    >();
    // Which of the layers are its branches isn't known.
    expectTypeOf(fit.summary.inputs.rna.factors.a).toEqualTypeOf<Float64Array | undefined>();
    // @ts-expect-error no such layer
    fit.summary.inputs.rna.factors.c;
  });
});

describe('graphs that were read', () => {
  test('are fitted and built upon; names are strings, and W is one matrix or several', async () => {
    const { output, config } = graphFromJSON({}, { rna: X1, 'condition 1': Z, 'rna.mask.features': [1, 2] });
    const fit = await factorNet(output, config).fit();
    expectTypeOf(fit.any.H).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(fit.any.W).toEqualTypeOf<DenseMatrix | { readonly [modality: string]: DenseMatrix }>();
    (fit.any.W as DenseMatrix).rows;
    expectTypeOf(fit.any.Wcondition).toEqualTypeOf<DenseMatrix | undefined>();
    expectTypeOf(fit.summary.loss).toEqualTypeOf<number>();
    expectTypeOf(fit.summary.inputs.rna.factors.any).toEqualTypeOf<Float64Array>();
    expectTypeOf(await fit.reconstruct('rna', { through: 'any' })).toEqualTypeOf<DenseMatrix>();
    const top = await factorNet(output.nmfLayer({ name: 'top', k: 2 })).fit();
    expectTypeOf(top.top.d).toEqualTypeOf<Float64Array>();
    factorNet((await loadGraph('graph.json')).output).plan.layers;
    expectTypeOf(graphToJSON(joint, { seed: 1 }).nodes[0].id).toEqualTypeOf<string>();
    // @ts-expect-error a number of entries
    graphToJSON(joint, {}, { inline: 'all' });
    // @ts-expect-error data are matrices
    graphFromJSON({}, { rna: 'rna.csv' });
    // @ts-expect-error a word is no place
    await saveGraph(joint, 'graph.json', {}, { data: { rna: 'rna.safetensors' } });
  });
});

describe('what must not compile', () => {
  test('names', () => {
    // @ts-expect-error layer name already used upstream
    nmfLayer(joint, { name: 'joint', k: 5 });
    // @ts-expect-error 'then' would make the fit thenable
    nmfLayer(rna, { name: 'then', k: 5 });
    // @ts-expect-error 'summary' is the fit's own
    svdLayer(rna, { name: 'summary', k: 5 });
    // @ts-expect-error names that begin with ~ are ours
    nmfLayer(rna, { name: '~condition', k: 5 });
    // @ts-expect-error a name is needed
    nmfLayer(rna, { k: 5 });
    // @ts-expect-error a name is needed
    factorInput(X1);
    // @ts-expect-error a reserved name
    factorInput(X1, { name: 'then' });
    // @ts-expect-error two modalities of one name
    factorShared(rna, factorInput(X2, { name: 'rna' }));
    // @ts-expect-error ... nor as the third member
    factorShared(rna, atac, rna);
    factorShared(factorInput(X1, { name: anyName }), factorInput(X2, { name: anyName }));
    nmfLayer(joint, { name: anyName, k: 5 });
  });

  test('ranks', () => {
    const sum = factorAdd(a, b);
    expectTypeOf<NonNullable<(typeof sum)['~rank']>>().toEqualTypeOf<16>();
    // @ts-expect-error rank 20 cannot be added to rank 16
    factorAdd(a, c);
    // @ts-expect-error ...nor as the third branch
    factorAdd(a, b, c);
    factorAdd(a, nmfLayer(rna, { name: 'dyn', k }));
    // @ts-expect-error k is needed
    nmfLayer(rna, { name: 'x' });
  });

  test('samples by name', () => {
    expectTypeOf(factorShared(rna, atac, { samples: 'union' })).toEqualTypeOf(factorShared(rna, atac));
    expectTypeOf(factorShared(rna, atac, a, { samples: 'union' })).toEqualTypeOf(factorShared(rna, atac, a));
    factorInput(X1, { name: 'x', sampleNames: ['a'], featureNames: ['b'] as const });
    // @ts-expect-error no such way to bring samples together
    factorShared(rna, atac, { samples: 'outer' });
    // @ts-expect-error no such option
    factorShared(rna, atac, { sample: 'union' });
    // @ts-expect-error one member is no sharing
    factorShared(rna, { samples: 'union' });
    // @ts-expect-error two modalities of one name
    factorShared(rna, atac, rna, { samples: 'union' });
    // @ts-expect-error a concat has no name to be a modality by
    factorShared(rna, factorConcat(a, c), { samples: 'union' });
    // @ts-expect-error options come last
    factorShared(rna, { samples: 'union' }, atac);
    // @ts-expect-error names are strings
    factorInput(X1, { name: 'x', sampleNames: [1, 2] });
  });

  test('weights', () => {
    factorShared(rna, atac, { weights: { rna: 2, atac: 'balance' } });
    factorShared(rna, a, { weights: { a: 2 }, samples: 'identical' });
    factorShared(rna, atac, { weights: 'balance' });
    factorInput(X1, { name: 'x', weight: 'balance' });
    rna.factorCondition(Z, { weight: 3 });
    // @ts-expect-error no such member
    factorShared(rna, atac, { weights: { rna: 2, protein: 1 } });
    // @ts-expect-error no such weight
    factorShared(rna, atac, { weights: { rna: 'even' } });
    // @ts-expect-error a weight for each, not one for all
    factorShared(rna, atac, { weights: 2 });
    // @ts-expect-error no such weight
    factorInput(X1, { name: 'x', weight: '2' });
    // @ts-expect-error no such weight
    factorCondition(rna, Z, { weight: true });
  });

  test('members', () => {
    // @ts-expect-error inputs have no rank
    factorAdd(rna, atac);
    // @ts-expect-error raw data is stacked with factorShared
    factorConcat(rna, atac);
    // @ts-expect-error a condition goes on the sum
    factorAdd(factorCondition(a, Z), b);
    // @ts-expect-error one member is no sharing
    factorShared(rna);
    // @ts-expect-error a concat has no name to be a modality by
    factorShared(rna, factorConcat(a, c));
    // @ts-expect-error an input is no output
    factorNet(rna);
    // @ts-expect-error a condition is no output
    factorNet(factorCondition(a, Z));
  });

  test('options', () => {
    // @ts-expect-error an H() config in the W slot
    nmfLayer(rna, { name: 'a', k: 4, W: H({ L1: 1 }) });
    // @ts-expect-error a plain object in the W slot
    nmfLayer(rna, { name: 'a', k: 4, W: { L1: 1 } });
    // @ts-expect-error unknown option
    nmfLayer(rna, { name: 'a', k: 4, maxit: 5 });
    // @ts-expect-error an SVD has no angular penalty
    svdLayer(rna, { name: 'a', k: 4, angular: 0.1 });
    // @ts-expect-error unknown option
    W({ l1: 1 });
    // @ts-expect-error no such norm
    factorNet(a, { norm: 'L3' });
    // @ts-expect-error no such backend
    factorNet(a).fit({ backend: 'gpu' });
    // @ts-expect-error no such memory
    factorNet(a).fit({ memory: 'none' });
  });

  test('how a layer is solved', () => {
    // @ts-expect-error no such solver
    nmfLayer(rna, { name: 'a', k: 4, solver: 'als' });
    // @ts-expect-error no such acceleration
    nmfLayer(rna, { name: 'a', k: 4, accelerate: true });
    // @ts-expect-error sweeps are a number or 'auto'
    nmfLayer(rna, { name: 'a', k: 4, sweeps: 'many' });
    // @ts-expect-error no such precision
    nmfLayer(rna, { name: 'a', k: 4, precision: 'f16' });
    // @ts-expect-error no such start
    nmfLayer(rna, { name: 'a', k: 4, start: 'pca' });
    // @ts-expect-error a start has two sides
    nmfLayer(rna, { name: 'a', k: 4, start: { W: Z } });
    // @ts-expect-error restarts are a number
    nmfLayer(rna, { name: 'a', k: 4, restarts: 'auto' });
    // @ts-expect-error a graph has no one start for layers of different sizes
    factorNet(a, { start: { W: Z, H: Z } });
    // @ts-expect-error an SVD has no solver
    svdLayer(rna, { name: 'a', k: 4, solver: 'hals' });
    nmfLayer(rna, { name: 'a', k: 4, solver: 'mu', accelerate: 'none', sweeps: 2, precision: 'f32', start: 'nndsvda' });
    nmfLayer(rna, { name: 'a', k: 4, start: { W: Z, H: [[1, 2]] }, sweeps: 'auto', restarts: 1 });
    factorNet(a, { solver: 'bpp', accelerate: 'her', precision: 'f64', start: 'svd', restarts: 1, sweeps: 'auto' });
  });

  test('data', () => {
    factorInput({ rows: 2, cols: 3, order: 'rows', data: new Float32Array(6) }, { name: 'x' });
    // @ts-expect-error no such order
    factorInput({ rows: 2, cols: 3, order: 'C', data: new Float32Array(6) }, { name: 'x' });
    // @ts-expect-error results are column-major, in 64 bits
    const wide: DenseMatrix = X1;
    return wide;
  });
});

describe('losses', () => {
  test('are names, and names with the parameters that they have', () => {
    const of = (loss: LossOption) => nmfLayer(rna, { name: 'x', k: 2, loss });
    of('kl');
    of({ name: 'mse' });
    of({ name: 'tweedie', power: 1.5 });
    of({ name: 'huber', delta: 1 });
    of({ name: 'nb', dispersion: 'row', zeroInflation: 'column' });
    of({ name: 'gp', dispersion: { row: [0.1, 0.2] }, zeroInflation: 0.1 });
    // @ts-expect-error no such loss
    of('poisson');
    // @ts-expect-error a power is needed
    of('tweedie');
    // @ts-expect-error a power is needed
    of({ name: 'tweedie' });
    // @ts-expect-error a δ is needed
    of({ name: 'huber' });
    // @ts-expect-error kl has no dispersion
    of({ name: 'kl', dispersion: 'row' });
    // @ts-expect-error no such group
    of({ name: 'nb', dispersion: 'rows' });
    // @ts-expect-error by row or by column
    of({ name: 'nb', dispersion: { entry: [1] } });
    // @ts-expect-error an SVD has squares
    svdLayer(rna, { name: 'y', k: 2, loss: 'kl' });
  });

  test('leave their parameters in the fit', async () => {
    const fit = await factorNet(nmfLayer(rna, { name: 'x', k: 2, loss: 'nb' })).fit();
    expectTypeOf(fit.x.dispersion).toEqualTypeOf<Float64Array | null>();
    expectTypeOf(fit.x.zeroInflation).toEqualTypeOf<Float64Array | null>();
  });
});

describe('the schemas know the same options as the types', () => {
  test('key by key', () => {
    expectTypeOf<keyof z.input<typeof schemas.nmfSpec>>().toEqualTypeOf<keyof NmfSpec>();
    expectTypeOf<keyof z.input<typeof schemas.svdSpec>>().toEqualTypeOf<keyof SvdSpec>();
    expectTypeOf<keyof z.input<typeof schemas.graphConfig>>().toEqualTypeOf<keyof GraphConfig>();
    expectTypeOf<keyof z.input<typeof schemas.inputOptions>>().toEqualTypeOf<keyof InputOptions>();
    expectTypeOf<keyof z.input<typeof schemas.sharedOptions>>().toEqualTypeOf<keyof SharedOptions>();
    expectTypeOf<keyof z.input<typeof schemas.addOptions>>().toEqualTypeOf<keyof AddOptions>();
    expectTypeOf<keyof z.input<typeof schemas.conditionOptions>>().toEqualTypeOf<keyof ConditionOptions>();
    expectTypeOf<keyof z.input<typeof schemas.fitOptions>>().toEqualTypeOf<keyof FitOptions>();
    expectTypeOf<keyof z.input<typeof schemas.reconstructOptions>>().toEqualTypeOf<keyof ReconstructOptions<string>>();
    expectTypeOf<NmfSpec>().toExtend<z.input<typeof schemas.nmfSpec>>();
    expectTypeOf<SvdSpec>().toExtend<z.input<typeof schemas.svdSpec>>();
    expectTypeOf<GraphConfig>().toExtend<z.input<typeof schemas.graphConfig>>();
  });
});
