import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { readMatrix } from '../../src/files/read-matrix.js';
import { interleave, lap, timed, wall } from '../clock.js';
import { type Context, cache, Skip } from '../context.js';
import { type Readers, startReaders } from '../peers/readers.js';
import { random } from '../random.js';
import { type Spread, spread } from '../stats.js';

export interface Files {
  readonly rows: readonly {
    readonly file: string;
    /** Milliseconds of `readMatrix`, and of the other program. */
    readonly ours: Spread;
    readonly by: string;
    readonly theirs: Spread;
  }[];
}

const pbmc3k = fileURLToPath(new URL('../../../shared/data/pbmc3k.mtx.gz', import.meta.url));

/** How long files take to become matrices, beside the readers that Python has for them. */
export async function files(context: Context): Promise<Files> {
  const peers = await startReaders(context.log);
  try {
    const table = await tableOf(context.quick ? 500 : 20_000, 400);
    const cases = [
      { file: 'pbmc3k.mtx.gz', path: pbmc3k, op: 'mmread', by: `scipy.io.mmread ${peers.scipy}` },
      { file: 'a CSV of 64-bit floats', path: table, op: 'read_csv', by: `pandas.read_csv ${peers.pandas}` },
    ] as const;
    const rows: Files['rows'][number][] = [];
    for (const { path, op, ...row } of cases.filter(({ path }) => existsSync(path))) {
      context.log(`files: ${row.file}`);
      rows.push({ ...row, ...(await race(context, peers, path, op)) });
    }
    if (rows.length === 0) throw new Skip('there are no files');
    return { rows };
  } finally {
    peers.end();
  }
}

async function race({ repeats }: Context, peers: Readers, path: string, op: 'mmread' | 'read_csv') {
  const count = Math.max(7, repeats);
  const ours = timed(count, () =>
    wall(
      () => readMatrix(path),
      async () => {},
    ),
  );
  const theirs = timed(count, () => peers.read(op, path));
  // What is read once lies in memory, for both.
  await lap(() => readMatrix(path));
  await peers.read(op, path);
  const [own, other] = (await interleave([ours, theirs], random(1))).map((all) => spread(all.map((s) => 1000 * s)));
  return { ours: own, theirs: other };
}

/** A table of uniform numbers with as many digits as they have. */
async function tableOf(rows: number, cols: number): Promise<string> {
  const path = join(cache, `floats-${rows}x${cols}.csv`);
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const next = random(1);
  const out = createWriteStream(path);
  const fraction = () => (next() + next() / 2 ** 21) / 2;
  out.write(`${Array.from({ length: cols }, (_, j) => `c${j}`).join(',')}\n`);
  for (let i = 0; i < rows; i++)
    if (!out.write(`${Array.from({ length: cols }, fraction).join(',')}\n`)) await once(out, 'drain');
  out.end();
  await finished(out);
  return path;
}
