import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, type GraphFile, graphFromJSON, graphToJSON, nmfLayer } from '../../src/index.js';
import { diamond } from '../support/graphs.js';
import { issuesOf } from '../support/issues.js';
import { sparse, uniform } from '../support/matrices.js';

/** A file as another program gets it. */
const sent = (file: GraphFile): GraphFile => JSON.parse(JSON.stringify(file));

describe('a file that is no graph', () => {
  const X = [
    [1, 2],
    [3, 4],
  ];
  const good = () => sent(graphToJSON(nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 1 }), { seed: 1 }));
  type Loose = { [key: string]: unknown; nodes: { [key: string]: unknown }[] };
  const changed = (change: (file: Loose) => unknown) => {
    const file = good() as unknown as Loose;
    change(file);
    return file;
  };
  const input = (id: string) => ({ id, kind: 'input', options: { name: id } });
  const layer = (id: string, over: string, more: object = {}) => ({
    id,
    kind: 'nmf',
    input: over,
    options: { name: id, k: 1, ...more },
  });

  const faults: readonly [string, unknown, readonly object[], RegExp][] = [
    ['no object', 'graph.json', [{ code: 'not-a-graph' }], /must be an object.*got 'graph\.json'/],
    ['null', null, [{ code: 'not-a-graph' }], /got null/],
    ['a list', [], [{ code: 'not-a-graph' }], /got an array of 0/],
    ['another format', { format: 'onnx', version: 1 }, [{ code: 'not-a-graph' }], /got format 'onnx'/],
    ['no version', { format: 'factorloom-graph' }, [{ code: 'not-a-graph' }], /a version/],
    [
      'a newer version',
      changed((file) => Object.assign(file, { version: 2, what: 3 })),
      [{ code: 'newer-version', version: 2, known: 1 }],
      /version 1 or before; got 2: update/,
    ],
    [
      'no nodes',
      { format: 'factorloom-graph', version: 1, output: 'a' },
      [{ option: 'nodes' }, { code: 'unknown-node' }, { code: 'unknown-data' }],
      /a list of nodes/,
    ],
    [
      'unknown keys everywhere',
      changed((file) => {
        Object.assign(file, { extra: 1, config: { sede: 1 } });
        Object.assign(file.nodes[0], { data: 3 });
        Object.assign(file.nodes[1].options as object, { maxiter: 5 });
      }),
      [
        { code: 'unknown-option', of: 'the graph file', option: 'config.sede' },
        { code: 'unknown-option', of: 'the graph file', option: 'extra' },
        { code: 'unknown-option', of: "node 'x'", option: 'data', at: 'nodes[0]' },
        { code: 'unknown-option', of: "node 'a'", option: 'options.maxiter', at: 'nodes[1]' },
      ],
      /did you mean 'seed'[\s\S]*did you mean 'maxIter'/,
    ],
    [
      'wrong kinds of things',
      changed((file) => {
        file.nodes.push({ id: 'b', kind: 'nfm' }, { id: 'c', kind: 'nmf', input: 3, options: { k: 0 } });
        file.nodes.push(5 as never);
        file.config = { tol: -1 };
      }),
      [
        { code: 'invalid-option', option: 'config.tol' },
        { code: 'invalid-option', of: "node 'b'", option: 'kind' },
        { code: 'invalid-option', of: "node 'c'", option: 'input' },
        { code: 'invalid-option', of: "node 'c'", option: 'options.name' },
        { code: 'invalid-option', of: "node 'c'", option: 'options.k' },
        { code: 'invalid-option', of: 'node 4', option: 'options' },
      ],
      /kind of node 'b' must be 'input' or 'shared'.*got 'nfm'/,
    ],
    [
      'an H in the place of a W',
      changed((file) => Object.assign(file.nodes[1].options as object, { W: { side: 'H' } })),
      [{ code: 'invalid-option', option: 'options.W' }],
      /made by W/,
    ],
    [
      'ids twice',
      changed((file) => {
        file.nodes.push(layer('a', 'x'));
      }),
      [{ code: 'duplicate-id', id: 'a', at: 'nodes[2]' }],
      /two of id 'a'/,
    ],
    [
      'references that lead nowhere',
      changed((file) => {
        Object.assign(file.nodes[1], { input: 'y' });
        file.output = 'b';
      }),
      [
        { code: 'unknown-node', id: 'y', known: ['x', 'a'], at: 'nodes[1]' },
        { code: 'unknown-node', id: 'b', at: 'output' },
      ],
      /must stand after those it reads.*got 'y', which is not before it; did you mean 'x'|it has x/,
    ],
    [
      'cycles, of one and of two',
      changed((file) => {
        file.nodes.push(layer('b', 'b'), layer('c', 'd'), layer('d', 'c'));
      }),
      [
        { code: 'unknown-node', id: 'b', at: 'nodes[2]' },
        { code: 'unknown-node', id: 'd', at: 'nodes[3]' },
      ],
      /no graph leads back to itself/,
    ],
    [
      'nodes that nothing reads',
      changed((file) => {
        file.nodes.push(layer('b', 'x'), layer('c', 'b'));
      }),
      [
        { code: 'unused-node', id: 'b', at: 'nodes[2]' },
        { code: 'unused-node', id: 'c', at: 'nodes[3]' },
      ],
      /must lead to the output; got 'b'/,
    ],
    [
      'a matrix of no form',
      changed((file) => {
        const Z = (id: string, of: unknown) => ({ id, kind: 'condition', input: 'x', Z: of });
        file.nodes.push(Z('p', { $dense: [[1, 2], [3]] }), Z('q', { $csc: {} }), Z('r', { $rows: [] }), Z('s', null));
      }),
      [
        { code: 'invalid-option', of: "node 'p'", option: 'Z.$dense', rule: 'rows of equal length' },
        ...['q', 'r', 's'].map((id) => ({ code: 'invalid-option', of: `node '${id}'`, option: 'Z' })),
      ],
      /Z of node 'q' must be .*\$dense/,
    ],
    [
      'data at absolute places',
      changed((file) => Object.assign(file, { data: { x: { path: '/etc/x', tensor: 'x' } } })),
      [
        { code: 'invalid-option', option: 'data.x.path' },
        { code: 'unknown-data', name: 'y' },
      ].slice(0, 1),
      /relative to the graph file; got '\/etc\/x'/,
    ],
    [
      'a place for what is not asked for',
      changed((file) => Object.assign(file, { data: { y: { path: 'y', tensor: 'y' } } })),
      [{ code: 'unknown-data', name: 'y', known: ['x'] }],
      /under a name that the graph asks for; got 'y'/,
    ],
    [
      'inputs that nobody gave',
      changed((file) => {
        file.nodes.splice(1, 1, input('z'), { id: 's', kind: 'shared', inputs: ['x', 'z'] }, layer('a', 's'));
      }),
      [{ code: 'missing-data', name: 'z' }],
      /Data must be given for 'z'; got none/,
    ],
  ];
  test.each(faults)('%s', (_, json, issues, words) => {
    const read = () => graphFromJSON(json, { x: X });
    expect(issuesOf(read)).toMatchObject(issues);
    expect(read).toThrow(words);
  });

  test('any change of one value is refused, or is another graph: never another error', () => {
    const file = sent(graphToJSON(diamond(), { seed: 1 }));
    const data = { rna: uniform(12, 9, 1), atac: sparse(7, 9, 2) };
    const places: (readonly [object, string])[] = [];
    const walk = (value: unknown) => {
      if (typeof value !== 'object' || value === null) return;
      for (const key of Object.keys(value)) {
        places.push([value, key]);
        walk(Reflect.get(value, key));
      }
    };
    walk(file);
    let refused = 0;
    for (const [object, key] of places)
      for (const wrong of [null, -1, '', 'rna', [], {}, [[1]], { $name: 'rna' }, undefined]) {
        const before: unknown = Reflect.get(object, key);
        Reflect.set(object, key, wrong);
        refused += Number(issuesOf(() => graphFromJSON(sent(file), data)).length > 0);
        Reflect.set(object, key, before);
      }
    expect(refused).toBeGreaterThan(places.length * 4);
    expect(issuesOf(() => graphFromJSON(sent(file), data))).toEqual([]);
  });

  test('deep nonsense does not bring it down', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const file = changed((whole) => Object.assign(whole.nodes[0].options as object, { mask: deep }));
    expect(issuesOf(() => graphFromJSON(file, { x: X }))).toMatchObject([{ option: 'options.mask' }]);
  });

  test('ten thousand faults are told in a short message', () => {
    const nodes = Array.from({ length: 10_000 }, (_, i) => layer(`a${i}`, `b${i}`));
    const read = () => graphFromJSON({ format: 'factorloom-graph', version: 1, nodes, output: 'a0' });
    expect(read).toThrow(/^10000 faults:[\s\S]{1,20000}$/);
  });

  test('what is wrong with the graph itself is for factorNet to find', () => {
    const file = changed((whole) => {
      whole.output = 'x';
      whole.nodes.pop();
    });
    const { output, config } = graphFromJSON(file, { x: [['no']] as unknown as number[][] });
    expect(issuesOf(() => factorNet(output, config)).map((issue) => Reflect.get(issue, 'code'))).toEqual([
      'invalid-data',
      'invalid-output',
    ]);
  });
});
