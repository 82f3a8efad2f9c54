import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import {
  factorCondition,
  factorInput,
  factorNet,
  type GraphData,
  GraphError,
  type GraphFile,
  graphFromJSON,
  graphToJSON,
  loadGraph,
  nmfLayer,
  saveGraph,
} from '../../src/index.js';
import { toBytes } from '../../src/io/safetensors.js';
import { dense } from '../../src/matrix.js';
import { rowMajor, single, uniform } from '../support/matrices.js';

/** A file as another program gets it. */
const sent = (file: GraphFile): GraphFile => JSON.parse(JSON.stringify(file));

describe('graph files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const X = uniform(4, 6, 1);
  const Z = dense(2, 6, uniform(2, 6, 2).data.map(Math.fround));
  const build = () => nmfLayer(factorCondition(factorInput(X, { name: 'x' }), Z), { name: 'a', k: 2 });
  const tensor = (A: typeof X) => ({ shape: [A.rows, A.cols], data: rowMajor(A).data });
  const write = (name: string, tensors: Parameters<typeof toBytes>[0]['tensors']) =>
    writeFile(at(name), Buffer.concat(toBytes({ tensors, metadata: {} })));

  test('are read back, and laid out in lines', async () => {
    await saveGraph(build(), at('graph.json'), { seed: 1, start: undefined });
    const { output, config } = await loadGraph(at('graph.json'), { x: X });
    expect(compile(output.node, config)).toEqual(compile(build().node, { seed: 1 }));
    const text = await readFile(at('graph.json'), 'utf8');
    expect(JSON.parse(text)).toEqual(sent(graphToJSON(build(), { seed: 1 })));
    expect(text.split('\n').slice(3, 6)).toEqual([
      '  "nodes": [',
      '    { "id": "x", "kind": "input", "options": { "name": "x" } },',
      '    {',
    ]);
    expect(text.endsWith('}\n')).toBe(true);
  });

  test('data are found where the file says, in 64 and 32 bits; what is given goes before', async () => {
    await write(
      'data.safetensors',
      new Map([
        ['x', tensor(X)],
        ['z', tensor(single(Z))],
        ['line', { shape: [3], data: new Float64Array(3) }],
      ]),
    );
    const place = (name: string, path = 'data.safetensors') => ({ path, tensor: name });
    await saveGraph(build(), at('graph.json'), {}, { data: { x: place('x'), 'condition 1': place('z') } });
    const { output, config } = await loadGraph(at('graph.json'));
    const same = nmfLayer(factorCondition(factorInput(rowMajor(X), { name: 'x' }), rowMajor(single(Z))), {
      name: 'a',
      k: 2,
    });
    expect(compile(output.node, config)).toEqual(compile(same.node));
    const unsaid = await loadGraph(at('graph.json'), { x: undefined });
    expect(compile(unsaid.output.node)).toEqual(compile(same.node));
    const other = await loadGraph(at('graph.json'), { x: uniform(9, 6, 3) });
    expect(factorNet(other.output).plan.slots[0].shape).toEqual([9, 6]);
    expect(() => graphFromJSON(JSON.parse('{}'))).toThrow(GraphError);

    await saveGraph(build(), at('bad.json'), {}, { data: { x: place('y'), 'condition 1': place('line') } });
    await expect(loadGraph(at('bad.json'))).rejects.toMatchObject({
      issues: [
        { code: 'unreadable-data', name: 'x', tensor: 'y', got: "a file of 'x', 'z', 'line'", at: "data['x']" },
        { code: 'unreadable-data', name: 'condition 1', got: 'a tensor of shape 3' },
      ],
    });
    await saveGraph(
      build(),
      at('bad.json'),
      {},
      { data: { x: place('x', 'no/where'), 'condition 1': place('x', 'bad.json') } },
    );
    const error: unknown = await loadGraph(at('bad.json'), { y: X }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      issues: [
        { code: 'unreadable-data', name: 'x', got: expect.stringMatching(/ENOENT/) },
        { code: 'unreadable-data', name: 'condition 1' },
        { code: 'unknown-data', name: 'y' },
      ],
    });
    const file = JSON.parse(await readFile(at('bad.json'), 'utf8'));
    expect(() => graphFromJSON(file, { 'condition 1': Z })).toThrow(
      /for 'x', or found by loadGraph in no\/where; got none/,
    );
  });

  test('an input may be named like what every object has', async () => {
    await write('odd.safetensors', new Map([['toString', tensor(X)]]));
    const place = { path: 'odd.safetensors', tensor: 'toString' };
    const odd = nmfLayer(factorInput(X, { name: 'toString' }), { name: 'valueOf', k: 2 });
    await saveGraph(odd, at('odd.json'), {}, { data: { toString: place } });
    expect(factorNet((await loadGraph(at('odd.json'))).output).plan.layers).toMatchObject([{ layer: 'valueOf' }]);
    await expect(loadGraph(at('odd.json'), 3 as unknown as GraphData)).rejects.toThrow(
      /data of graphFromJSON must be an object/,
    );
  });

  test('no JSON, no path, no file', async () => {
    await writeFile(at('none.json'), '{ "format": ');
    await expect(loadGraph(at('none.json'))).rejects.toMatchObject({ issues: [{ code: 'not-a-graph' }] });
    for (const path of [at('nowhere.json'), folder])
      await expect(loadGraph(path)).rejects.toMatchObject({ name: 'ModelFileError', code: 'not-read', path });
    await expect(loadGraph('')).rejects.toMatchObject({ issues: [{ code: 'invalid-option', of: 'loadGraph' }] });
    await expect(saveGraph(build(), 3 as unknown as string)).rejects.toMatchObject({ issues: [{ option: 'path' }] });
    await expect(saveGraph(build(), at('no/such/folder'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
