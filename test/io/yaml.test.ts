import { readFile, writeFile } from 'node:fs/promises';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test, vi } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import {
  factorCondition,
  factorInput,
  GraphError,
  loadGraph,
  MissingPeerError,
  nmfLayer,
  saveGraph,
} from '../../src/index.js';
import { readYaml, yamlText } from '../../src/io/yaml.js';
import { testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';

const { place, file } = testFolder();
const X = uniform(4, 6, 1);
const build = () =>
  nmfLayer(factorCondition(factorInput(X, { name: 'x' }), uniform(2, 6, 2)), { name: 'a', k: 2, tol: 1e-7 });

const GRAPH = `# Parts of x.
format: factorloom-graph
version: 1
nodes:
  - { id: x, kind: input, options: { name: x } }
  - id: top
    kind: nmf
    input: x
    options:
      name: top   # what results are called
      k: 2
      loss: kl
output: top
config: { seed: 3 }
`;

/** The faults of a text. */
async function faultsOf(text: string) {
  const error = await readYaml(text, 'the graph file').catch((reason: unknown) => reason);
  if (!(error instanceof GraphError)) throw new Error(`a GraphError, not ${String(error)}`);
  return error.issues;
}

describe('graph files in YAML', () => {
  test('what is written is read back; it is YAML for people', async () => {
    for (const ending of ['yaml', 'yml', 'YAML']) {
      await saveGraph(build(), place(`graph.${ending}`), { seed: 1 });
      const { output, config } = await loadGraph(place(`graph.${ending}`), { x: X });
      expect(compile(output.node, config)).toEqual(compile(build().node, { seed: 1 }));
    }
    const text = await readFile(place('graph.yaml'), 'utf8');
    expect(text).toMatch(/^format: factorloom-graph\nversion: 1\nnodes:\n {2}- id: x\n/);
    expect(text).toMatch(/- \[0\.\d+, 0\.\d+, /);
  });

  test('one by hand is the graph that the same JSON is', async () => {
    const { output, config } = await loadGraph(await file(GRAPH, 'yaml'), { x: X });
    const own = nmfLayer(factorInput(X, { name: 'x' }), { name: 'top', k: 2, loss: 'kl' });
    expect(compile(output.node, config)).toEqual(compile(own.node, { seed: 3 }));
  });

  test('what is wrong with the graph is told as of JSON', async () => {
    const path = await file(GRAPH.replace('kind: nmf', 'kind: nfm').replace('output: top', 'output: topp'), 'yml');
    await expect(loadGraph(path, { x: X })).rejects.toMatchObject({
      issues: [{ at: 'nodes[1]' }, { code: 'unknown-node', id: 'topp' }],
    });
    await expect(loadGraph(await file('', 'yaml'))).rejects.toMatchObject({ issues: [{ code: 'not-a-graph' }] });
  });

  property.prop([fc.jsonValue()])('whatever JSON says, YAML says', async (value) => {
    const json = JSON.parse(JSON.stringify(value));
    expect(await readYaml(await yamlText(json), '')).toEqual(json);
  });

  property.prop([fc.jsonValue()])('JSON is YAML', async (value) => {
    const text = JSON.stringify(value, null, 1);
    expect(await readYaml(text, '')).toEqual(JSON.parse(text));
  });

  test('words stay words: no, on, 1_000, 12:30 are texts', async () => {
    expect(await readYaml('a: no\nb: on\nc: 1_000\nd: 12:30\ne: 2001-01-01\n<<: x\n', '')).toEqual({
      ...{ a: 'no', b: 'on', c: '1_000', d: '12:30', e: '2001-01-01', '<<': 'x' },
    });
    expect(await readYaml('%YAML 1.1\n---\na: yes', '')).toEqual({ a: 'yes' });
  });
});

describe('what is refused, with line and column', () => {
  test.each([
    ['a key twice', 'a: 1\nb: 2\na: 3\n', 3, 1, /the key 'a' twice/],
    ['a key twice, deep down', 'a:\n  - b: 1\n    "b": 2\n', 3, 5, /the key 'b' twice/],
    ['no end', 'a: [1, 2\nb: 3\n', 2, 1, /no plain YAML/],
    ['a tab for blanks', 'a:\n\tb: 1\n', 2, 1, /[Tt]ab/],
    ['an anchor', 'a: &x 1\n', 1, 7, /an anchor, &x/],
    ['an alias', 'b: *x\n', 1, 4, /alias/],
    ['a tag', 'a: 1\nb: !!js/function "x"\n', 2, 18, /a tag/],
    ['a tag of a type', 'b: !!binary aGVsbG8=\n', 1, 13, /a tag/],
    ['a number that is none', 'tol: .inf\n', 1, 6, /Infinity for a number/],
    ['two documents', 'a: 1\n---\nb: 2\n', 2, 1, /documents/],
    ['a list for a key', '? [1, 2]\n: 3\n', 1, 3, /[Kk]ey|stringKeys/],
  ])('%s', async (_, text, line, column, said) => {
    const [issue] = await faultsOf(text);
    expect(issue).toMatchObject({ code: 'not-a-graph', line, column });
    expect(issue).toMatchObject({ at: `the graph file, line ${line}, column ${column}` });
    expect(new GraphError([issue]).message).toMatch(said);
  });

  test('all at once, in their order, as many as help', async () => {
    const found = await faultsOf('a: &x 1\nb: 1\nb: 2\nc: .nan\n');
    expect(found.map((issue) => 'line' in issue && issue.line)).toEqual([1, 3, 4]);
    expect((await faultsOf('a: &x 1\n'.repeat(50))).length).toBe(10);
  });

  test('what would blow up: aliases of aliases, levels without end, files without end', async () => {
    const laughs = ['a0: &a0 [lol]'];
    for (let i = 1; i < 30; i++)
      laughs.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect((await faultsOf(laughs.join('\n'))).length).toBe(10);
    for (const deep of ['['.repeat(100_000), `${'['.repeat(20_000)}${']'.repeat(20_000)}`, '- '.repeat(20_000)])
      expect((await faultsOf(deep))[0]).toMatchObject({ code: 'not-a-graph' });
    expect((await faultsOf('a'.repeat(5_000_000)))[0]).toMatchObject({ got: expect.stringContaining('5000000') });
  });

  test('many keys are compared in a time that grows with them', async () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(Object.keys(Object(await readYaml(keys, ''))).length).toBe(50_000);
  });

  test('cut or changed it is refused, or it says something', async () => {
    const bytes = new TextEncoder().encode(GRAPH);
    for (let flip = 0; flip < 200; flip++) {
      const own = Uint8Array.from(bytes);
      own[Math.floor((flip / 200) * bytes.length)] ^= 1 << (flip % 8);
      const cut = own.subarray(0, flip < 50 ? Math.floor((flip / 50) * bytes.length) : bytes.length);
      const error = await loadGraph(await file(cut, 'yaml'), { x: X }).catch((reason: unknown) => reason);
      if (error instanceof Error) expect(error).toBeInstanceOf(GraphError);
    }
  });
});

test('without yaml: the line that installs it, in the versions of the package', async () => {
  const { YAML_PEERS } = await import('../../src/io/peers.js');
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(manifest.peerDependencies.yaml).toBe(YAML_PEERS.yaml);
  await writeFile(place('there.yaml'), GRAPH);
  vi.resetModules();
  vi.doMock('yaml', () => {
    throw new Error('no such package');
  });
  try {
    const own = await import('../../src/index.js');
    const error = await own.loadGraph(place('there.yaml'), { x: X }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(own.MissingPeerError);
    expect(String(error)).toContain(`npm install yaml@${YAML_PEERS.yaml}`);
  } finally {
    vi.doUnmock('yaml');
    vi.resetModules();
  }
  expect(MissingPeerError.name).toBe('MissingPeerError');
});
