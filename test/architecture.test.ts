import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Files under a folder with one of these endings; build products left out. */
function files(folder: string, ...endings: readonly string[]): readonly string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (['node_modules', 'target', 'dist', '.git'].includes(name)) return [];
    if (statSync(join(root, path)).isDirectory()) return files(path, ...endings);
    return endings.some((ending) => name.endsWith(ending)) ? [path] : [];
  });
}

/** What each folder of src may import: other folders, and packages. Files right under src are leaves. */
const allowed: Readonly<Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>> =
  {
    leaf: { folders: [], packages: ['node:module', 'node:url'] },
    consensus: { folders: [], packages: [] },
    files: {
      folders: [],
      packages: [
        'h5wasm/node',
        'hyparquet',
        'hyparquet-compressors',
        'hyparquet-writer',
        'node:crypto',
        'node:fs',
        'node:fs/promises',
        'node:os',
        'node:path',
        'node:stream',
        'node:util',
        'node:worker_threads',
        'node:zlib',
      ],
    },
    dsl: { folders: ['files'], packages: ['zod', 'ts-pattern'] },
    kernels: { folders: [], packages: ['node:os'] },
    compiler: { folders: ['dsl'], packages: ['graphology', 'ts-pattern'] },
    random: { folders: [], packages: [] },
    runtime: { folders: ['compiler', 'dsl', 'kernels', 'random'], packages: ['node:crypto', 'ts-pattern'] },
    io: {
      folders: ['compiler', 'dsl', 'files', 'kernels', 'runtime'],
      packages: ['yaml', 'zod', 'node:crypto', 'node:fs/promises', 'node:module', 'node:path', 'node:timers/promises'],
    },
    net: { folders: ['compiler', 'dsl', 'io', 'kernels', 'runtime'], packages: ['node:crypto'] },
    arguments: { folders: ['compiler'], packages: [] },
    nnls: { folders: ['arguments', 'dsl', 'kernels'], packages: [] },
    prepare: { folders: ['arguments', 'dsl'], packages: [] },
    simulate: { folders: ['dsl', 'kernels', 'random', 'runtime'], packages: [] },
    compare: { folders: ['arguments', 'dsl'], packages: [] },
    assess: { folders: ['arguments', 'consensus', 'dsl', 'runtime'], packages: [] },
    cluster: { folders: ['arguments', 'dsl', 'net'], packages: [] },
    likelihood: { folders: ['dsl', 'net', 'runtime'], packages: ['ts-pattern'] },
    guidance: { folders: ['compiler', 'dsl', 'kernels', 'net', 'runtime'], packages: [] },
    plain: { folders: ['arguments', 'compiler', 'consensus', 'dsl', 'kernels', 'net', 'runtime'], packages: [] },
    sweep: {
      folders: ['compiler', 'consensus', 'dsl', 'io', 'kernels', 'net', 'runtime'],
      packages: [
        'ts-pattern',
        'libsql',
        'node:events',
        'node:fs',
        'node:fs/promises',
        'node:os',
        'node:path',
        'node:timers/promises',
        'node:url',
        'node:worker_threads',
      ],
    },
    viz: {
      folders: ['compiler', 'consensus', 'kernels', 'runtime', 'sweep'],
      packages: [
        'ts-pattern',
        'vega',
        'vega-lite',
        '@resvg/resvg-js',
        'node:fs/promises',
        'node:module',
        'node:path',
        'node:zlib',
      ],
    },
    environment: { folders: ['io', 'kernels'], packages: ['node:fs', 'node:module', 'node:os', 'node:path'] },
    cli: {
      folders: ['files', 'index.ts', 'io'],
      packages: ['commander', 'node:fs/promises', 'node:module', 'node:path', 'node:url', 'node:util'],
    },
    report: {
      folders: ['compiler', 'files', 'io', 'runtime', 'sweep', 'viz'],
      packages: ['node:crypto', 'node:timers/promises'],
    },
    'index.ts': {
      folders: [
        'assess',
        'cluster',
        'compare',
        'compiler',
        'consensus',
        'dsl',
        'environment',
        'files',
        'guidance',
        'io',
        'kernels',
        'likelihood',
        'net',
        'nnls',
        'plain',
        'prepare',
        'random',
        'runtime',
        'simulate',
        'sweep',
        'viz',
      ],
      packages: [],
    },
  };

/** The ways up: what a result looks like is known above it, and loaded when a report is asked for. */
const doors = ['src/runtime/reported.ts', 'src/sweep/reported.ts'];

const zoneOf = (path: string): string => {
  const [, first, ...rest] = path.split('/');
  if (first === 'index.ts') return first;
  // What Rust exports, as types.
  if (path === 'src/kernels/native/addon.js') return 'leaf';
  return rest.length === 0 ? 'leaf' : first;
};

const importsOf = (path: string): readonly string[] =>
  [...read(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name);

describe('src', () => {
  test.each(files('src', '.ts').filter((path) => !path.endsWith('.d.ts')))(
    '%s imports only what its folder may',
    (path) => {
      const zone = zoneOf(path);
      const { folders, packages } = allowed[zone];
      for (const name of importsOf(path)) {
        if (!name.startsWith('.')) {
          expect(packages).toContain(name);
          continue;
        }
        const target = relative(root, join(root, path, '..', name));
        const other = zoneOf(target);
        if (other !== zone && !(other === 'report' && doors.includes(path)))
          expect([...folders, 'leaf']).toContain(other);
      }
    },
  );

  test('graphology, the addon and the optional peers have one door each, and zod one for options and one for each kind of file', () => {
    const importers = (name: string) => files('src', '.ts').filter((path) => importsOf(path).includes(name));
    expect(importers('node:module').filter((path) => zoneOf(path) === 'leaf')).toEqual(['src/addon.ts']);
    expect(importers('node:url').filter((path) => zoneOf(path) === 'leaf')).toEqual(['src/addon.ts']);
    expect(importers('graphology')).toEqual(['src/compiler/ways.ts']);
    expect(importers('libsql')).toEqual(['src/sweep/store/database.ts']);
    expect(importers('@resvg/resvg-js')).toEqual(['src/viz/peers.ts']);
    expect(importers('vega')).toEqual(['src/viz/peers.ts']);
    expect(importers('vega-lite')).toEqual(['src/viz/peers.ts']);
    for (const name of ['h5wasm/node', 'hyparquet', 'hyparquet-compressors', 'hyparquet-writer'])
      expect(importers(name), name).toEqual(['src/files/peers.ts']);
    expect(importers('zod')).toEqual([
      'src/dsl/check-options.ts',
      'src/dsl/schemas.ts',
      'src/io/graph-schema.ts',
      'src/io/manifest.ts',
    ]);
  });

  test('only its doors lead up to the report, and no way is gone before it is asked for', () => {
    const leads = files('src', '.ts').filter(
      (path) => zoneOf(path) !== 'report' && importsOf(path).some((name) => name.includes('/report/')),
    );
    expect(leads).toEqual(doors);
    for (const path of doors) {
      const [found, ...others] = read(path).match(/.*import.*\/report\/.*/g) ?? [];
      expect(others).toEqual([]);
      expect(found).toMatch(/= await import\('/);
    }
  });

  test('index.ts is names and nothing else', () => {
    expect(
      read('src/index.ts')
        .replace(/^export (type )?\{[^}]*\} from '[^']+';$/gm, '')
        .trim(),
    ).toBe('');
  });

  const sources = files('src', '.ts').filter((path) => !path.endsWith('.d.ts'));

  test('no any, no default exports', () => {
    for (const path of sources) {
      expect(read(path), path).not.toMatch(/:\s*any\b|\bas any\b|<any>|export default|@ts-ignore/);
    }
  });

  test('a cast to another type has its reason beside it', () => {
    const withoutStrings = (line: string) => line.replace(/'[^']*'|"[^"]*"|`[^`]*`/g, "''");
    const isComment = (line: string) => /^\s*(\*|\/\/|\/\*)/.test(line);
    const casts = sources.flatMap((path) => {
      const lines = read(path).split('\n');
      const commented = (i: number) =>
        lines.slice(Math.max(0, i - 4), i + 1).some((line) => line.includes('//') || isComment(line));
      const isCast = (line: string) =>
        !/^(im|ex)port|^\s*export type/.test(line) &&
        !isComment(line) &&
        /\bas ([A-Z]|unknown\b|\{)/.test(withoutStrings(line));
      return lines.flatMap((line, i) => (isCast(line) ? [{ at: `${path}:${i + 1}`, commented: commented(i) }] : []));
    });
    expect(casts.length).toBeGreaterThan(3);
    expect(casts.filter(({ commented }) => !commented)).toEqual([]);
  });
});

test('no file over 500 lines', () => {
  const tracked = ['src', 'test', 'examples', 'scripts'].flatMap((folder) => files(folder, '.ts', '.rs', '.mjs'));
  expect(tracked.length).toBeGreaterThan(100);
  const long = tracked.filter((path) => read(path).split('\n').length > 500 && !path.endsWith('.d.ts'));
  expect(long).toEqual([]);
});

describe('the package', () => {
  const manifest = JSON.parse(read('package.json'));

  test('has one exports map, MIT, ESM, and few dependencies', () => {
    expect(manifest).toMatchObject({
      name: 'factorloom',
      license: 'MIT',
      type: 'module',
      engines: { node: '>=20.19' },
    });
    expect(Object.keys(manifest.exports)).toEqual(['.', './graph.schema.json', './package.json']);
    const peers = [
      '@resvg/resvg-js',
      'dejavu-fonts-ttf',
      'h5wasm',
      'hyparquet',
      'hyparquet-compressors',
      'hyparquet-writer',
      'libsql',
      'vega',
      'vega-lite',
      'yaml',
    ];
    expect(Object.keys(manifest.peerDependencies)).toEqual(peers);
    expect(manifest.peerDependenciesMeta).toEqual(Object.fromEntries(peers.map((name) => [name, { optional: true }])));
    expect(Object.keys(manifest.dependencies).sort()).toEqual([
      'commander',
      'graphology',
      'graphology-types',
      'ts-pattern',
      'zod',
    ]);
  });

  test.skipIf(!existsSync(join(root, '.git')))('tracks no build product', () => {
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
    expect(tracked.filter((path) => /(^|\/)(node_modules|target|dist)\/|\.node$/.test(path))).toEqual([]);
  });
});
