import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect } from '../../src/compiler/collect.js';
import { compile } from '../../src/compiler/compile.js';
import type { Node } from '../../src/dsl/node.js';
import * as schemas from '../../src/dsl/schemas.js';
import {
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  type GraphData,
  type GraphFile,
  graphFromJSON,
  graphToJSON,
  H,
  nmfLayer,
  type Ref,
  W,
} from '../../src/index.js';
import { graphJsonSchema } from '../../src/io/graph-schema.js';
import { toJson } from '../../src/io/option-json.js';
import { dense, toCsc } from '../../src/matrix.js';
import { diamond } from '../support/graphs.js';
import { issuesOf } from '../support/issues.js';
import { everyForm, rowMajor, single, sparse, uniform } from '../support/matrices.js';
import { dataByName, graphCases, moreValues, optionPaths } from '../support/option-cases.js';
import { anyGraph } from '../support/random-graph.js';

/** A file as another program gets it. */
const sent = (file: GraphFile): GraphFile => JSON.parse(JSON.stringify(file));
const ref = (node: Node): Ref => ({ node });
const namesOf = (file: GraphFile) =>
  file.nodes.flatMap((node) => (node.kind === 'input' ? [String(node.options.name)] : []));
const only = (file: GraphFile, data: GraphData): GraphData =>
  Object.fromEntries(namesOf(file).map((name) => [name, data[name]]));

/** Graph to file to graph: the same plan over the same numbers, and the same file. */
function roundTrip(output: Ref, config: GraphConfig, data: GraphData, inline?: number) {
  const file = graphToJSON(output, config, inline === undefined ? {} : { inline });
  const read = graphFromJSON(sent(file), only(file, data));
  const [before, after] = [compile(output.node, config), compile(read.output.node, read.config)];
  expect(after.plan).toEqual(before.plan);
  expect(after.bindings).toEqual(before.bindings);
  expect(graphToJSON(read.output, read.config)).toEqual(file);
  return { file, read };
}

describe('a graph that was written and read', () => {
  test('any graph: the same plan, the same numbers, the same file', () => {
    fc.assert(
      fc.property(anyGraph, (node) => {
        const inputs = collect(node).order.filter((each) => each.kind === 'input');
        const data = Object.fromEntries(inputs.map((each) => [each.options.name, each.data as GraphData[string]]));
        roundTrip(ref(node), { seed: 5, norm: 'L2' }, data);
      }),
      { numRuns: 60 },
    );
  });

  test('any graph: the same fit to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, async (node) => {
        const inputs = collect(node).order.filter((each) => each.kind === 'input');
        const data = Object.fromEntries(inputs.map((each) => [each.options.name, each.data as GraphData[string]]));
        const config = { seed: 5, maxIter: 8 };
        const read = graphFromJSON(sent(graphToJSON(ref(node), config)), data);
        const { summary, ...layers } = await factorNet(ref(node) as typeof read.output, config).fit();
        const again = await factorNet(read.output, read.config).fit();
        for (const [name, layer] of Object.entries(layers)) expect(again[name]).toEqual(layer);
        expect(again.summary.loss).toBe(summary.loss);
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  test('a node reached twice is one node again, and ids say what nodes are', () => {
    const { file } = roundTrip(diamond(), {}, { rna: uniform(12, 9, 1), atac: sparse(7, 9, 2) });
    expect(file.nodes.map(({ id }) => id)).toEqual(
      collect(diamond().node).order.map((node) =>
        expect.stringContaining(
          node.kind === 'layer' ? node.spec.name : node.kind === 'input' ? node.options.name : node.kind,
        ),
      ),
    );
    expect(new Set(file.nodes.map(({ id }) => id)).size).toBe(file.nodes.length);
    expect(namesOf(file)).toEqual(expect.arrayContaining(['rna', 'atac']));
    expect(file.nodes.filter(({ kind }) => kind === 'condition').map(({ id }) => id)).toEqual([
      'condition 1',
      'condition 2',
    ]);
  });

  test('names that many nodes share are told apart', () => {
    const x = factorInput(uniform(4, 5, 1), { name: 'a' });
    const z = factorCondition(nmfLayer(x, { name: 'a', k: 2 }), uniform(2, 5, 2));
    const top = nmfLayer(nmfLayer(z, { name: 'condition 1', k: 2 }), { name: "a'", k: 1 });
    const { file } = roundTrip(top, {}, { a: uniform(4, 5, 1) });
    expect(new Set(file.nodes.map(({ id }) => id)).size).toBe(5);
    roundTrip(top, {}, { a: uniform(4, 5, 1) });
  });

  test('the file is what it shows: options that were given, and nothing else', () => {
    const rna = factorInput(uniform(3, 4, 1), { name: 'rna', mask: { features: [0], samples: Int8Array.of(2) } });
    const atac = factorInput(uniform(2, 4, 2), { orientation: 'features-by-samples', name: 'atac' });
    const Z = [[1, Number.NaN, 0, 2]];
    const joint = nmfLayer(factorCondition(factorShared(rna, atac), Z), {
      tol: undefined,
      k: 2,
      name: 'joint',
      sweeps: 'auto',
    });
    expect(graphToJSON(joint, { seed: 3 })).toEqual({
      format: 'factorloom-graph',
      version: 1,
      nodes: [
        { id: 'rna', kind: 'input', options: { name: 'rna', mask: { features: [0], samples: [2] } } },
        { id: 'atac', kind: 'input', options: { name: 'atac', orientation: 'features-by-samples' } },
        { id: 'shared 1', kind: 'shared', inputs: ['rna', 'atac'] },
        { id: 'condition 1', kind: 'condition', input: 'shared 1', Z: { $dense: [[1, null, 0, 2]] } },
        { id: 'joint', kind: 'nmf', input: 'condition 1', options: { name: 'joint', k: 2, sweeps: 'auto' } },
      ],
      output: 'joint',
      config: { seed: 3 },
    });
  });

  test('matrices keep their form: order, width, sparse, missing; conditions with samples in rows too', () => {
    const X = uniform(4, 5, 1);
    const exact = dense(5, 5, uniform(5, 5, 3).data.map(Math.fround));
    const gaps = dense(
      5,
      5,
      exact.data.map((v, p) => (p === 7 ? Number.NaN : v)),
    );
    const forms = [
      ...everyForm(exact),
      gaps,
      rowMajor(single(gaps)),
      { ...toCsc(exact), unlisted: 'missing' as const },
    ];
    for (const orientation of ['features-by-samples', 'samples-by-features'] as const)
      for (const form of forms) {
        const z = factorCondition(factorInput(X, { name: 'x' }), form, { orientation });
        roundTrip(nmfLayer(z, { name: 'a', k: 2 }), {}, { x: X });
      }
    const start = { W: rowMajor(uniform(4, 2, 1)), H: single(sparse(2, 5, 1)) };
    roundTrip(nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 2, start }), {}, { x: X });
  });
});

// That no option is without a case is tested in every-option.test.ts.
describe('every option survives', () => {
  const cases = Object.entries(graphCases).flatMap(([schema, { graph, cases: options }]) =>
    Object.entries(options)
      .filter(([, { refused }]) => refused === undefined)
      .map(([path, { with: given, graph: own = graph }]) => ({ schema, path, graph: () => own(given) })),
  );
  test.each(cases)('$path of $schema', ({ schema, path, graph }) => {
    const { output, config } = graph();
    const { file } = roundTrip(output, config, dataByName);
    const [key] = path.split('.');
    const places = schema === 'graphConfig' ? [file.config] : file.nodes.map(({ options }) => options);
    expect(places.some((options) => options !== undefined && key in options)).toBe(true);
  });

  test.each(moreValues.map(([schema, options]) => ({ schema, options })))(
    '$schema: $options',
    ({ schema, options }) => {
      const { output, config } = graphCases[schema].graph(options);
      roundTrip(output, config, dataByName);
    },
  );

  test('what JSON can not hold is refused', () => {
    const refer = () => undefined;
    for (const value of [() => 1, Symbol('s'), 1n, Number.NaN, Infinity, new Map(), [Infinity], null])
      expect(() => toJson(value, 'mask', refer)).toThrow(/mask of graphToJSON must be what a graph file can hold/);
  });
});

describe('numbers by name', () => {
  const X = uniform(4, 30, 1);
  const Z = uniform(2, 30, 2);
  const mask = { features: [0, 1, 2], samples: [0, 1, 2] };
  const build = () =>
    nmfLayer(factorCondition(factorInput(X, { name: 'x', mask }), Z), {
      name: 'a',
      k: 2,
      start: { W: uniform(6, 2, 3), H: uniform(2, 30, 4) },
    });

  test('what is larger than inline is named, and given by that name', () => {
    const file = graphToJSON(build(), { seed: 1 }, { inline: 20 });
    expect(JSON.stringify(file).match(/"\$name":"[^"]*"/g)).toEqual(['"$name":"condition 1"', '"$name":"a.start.H"']);
    expect(JSON.stringify(graphToJSON(build(), {}, { inline: 2 }))).toContain(
      '{"features":{"$name":"x.mask.features"}',
    );
    const data = { x: X, 'condition 1': Z, 'a.start.H': uniform(2, 30, 4) };
    const { output, config } = graphFromJSON(sent(file), data);
    expect(compile(output.node, config)).toEqual(compile(build().node, { seed: 1 }));
    const all = graphFromJSON(graphToJSON(build(), {}, { inline: 0 }), {
      ...data,
      'a.start.W': uniform(6, 2, 3),
      'x.mask.features': [0, 1, 2],
      'x.mask.samples': Uint8Array.of(0, 1, 2),
    });
    expect(compile(all.output.node)).toEqual(compile(build().node));
  });

  test('many columns with nothing in them are many numbers too', () => {
    const wide = {
      kind: 'csc',
      rows: 1,
      cols: 30,
      indptr: new Uint32Array(31).fill(1, 1),
      indices: [0],
      values: [1],
    } as const;
    const layer = nmfLayer(factorCondition(factorInput(X, { name: 'x' }), wide), { name: 'a', k: 2 });
    expect(JSON.stringify(graphToJSON(layer, {}, { inline: 31 }))).toContain('$name');
    expect(JSON.stringify(graphToJSON(layer, {}, { inline: 32 }))).toContain('$csc');
  });

  test('so is every matrix among options, however deep', () => {
    const ring = dense(4, 4, Float64Array.of(0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0));
    const target = uniform(2, 30, 5);
    const factors = { W: W({ graph: ring, graphLambda: 0.1 }), H: H({ target, targetLambda: -0.1 }) };
    const layer = nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 2, ...factors });
    const file = graphToJSON(layer, {}, { inline: 0 });
    const read = graphFromJSON(sent(file), { x: X, 'a.W.graph': ring, 'a.H.target': target });
    expect(compile(read.output.node)).toEqual(compile(layer.node));
    expect(graphToJSON(read.output, {}, { inline: 0 })).toEqual(file);
  });

  test("a matrix never takes an input's name", () => {
    const named = factorCondition(factorInput(X, { name: 'condition 1' }), Z);
    const file = graphToJSON(nmfLayer(named, { name: 'a', k: 2 }), {}, { inline: 0 });
    expect(JSON.stringify(file.nodes[1])).toContain(`"$name":"condition 1'"`);
    const read = graphFromJSON(sent(file), { 'condition 1': X, "condition 1'": Z });
    expect([...compile(read.output.node).bindings.values()].map(({ rows }) => rows)).toEqual([4, 2]);
  });

  test('missing, unknown: all are told', () => {
    const file = sent(graphToJSON(build(), {}, { inline: 20 }));
    expect(issuesOf(() => graphFromJSON(file, { rna: X, 'a.start.h': Z }))).toEqual([
      { code: 'missing-data', name: 'x', path: undefined, at: 'the graph file' },
      { code: 'missing-data', name: 'condition 1', path: undefined, at: 'the graph file' },
      { code: 'missing-data', name: 'a.start.H', path: undefined, at: 'the graph file' },
      { code: 'unknown-data', name: 'rna', known: ['x', 'condition 1', 'a.start.H'], at: 'the graph file' },
      { code: 'unknown-data', name: 'a.start.h', known: ['x', 'condition 1', 'a.start.H'], at: 'the graph file' },
    ]);
    expect(() => graphFromJSON(file, { x: X, 'condition 1': Z, 'a.start.h': Z })).toThrow(/did you mean 'a\.start\.H'/);
    expect(() => graphFromJSON(file, 3 as unknown as GraphData)).toThrow(/data of graphFromJSON must be an object/);
  });
});

describe('writing', () => {
  test('a graph with faults is refused, with all of them; so are options that are none', () => {
    const bad = nmfLayer(factorInput([[1, Infinity]], { name: 'x' }), { name: 'a', k: 0 });
    expect(issuesOf(() => graphToJSON(bad, { tol: -1 }))).toMatchObject([
      { code: 'invalid-option', of: 'factorNet' },
      { code: 'non-finite' },
      { code: 'invalid-option', of: "layer 'a'" },
    ]);
    const good = nmfLayer(factorInput([[1, 2]], { name: 'x' }), { name: 'a', k: 1 });
    const place = { path: 'x.safetensors', tensor: 'x' };
    expect(issuesOf(() => graphToJSON(good, {}, { inline: -1 }))).toMatchObject([{ option: 'inline' }]);
    expect(issuesOf(() => graphToJSON(good, {}, { data: { y: place, x: place } }))).toMatchObject([
      { code: 'unknown-data', name: 'y', known: ['x'] },
    ]);
    expect(graphToJSON(good, {}, { data: { x: place } }).data).toEqual({ x: place });
  });

  test('the JSON Schema of the package is that of the reader', async () => {
    const published = await readFile(new URL('../../graph.schema.json', import.meta.url), 'utf8');
    // Where this fails: npm run schema.
    expect(JSON.parse(published)).toEqual(graphJsonSchema());
    for (const path of optionPaths(schemas.nmfSpec)) expect(published).toContain(`"${path.split('.').at(-1)}"`);
  });
});
