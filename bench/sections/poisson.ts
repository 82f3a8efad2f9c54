import type { KernelLoss } from '../../src/loss.js';
import { type DenseMatrix, scaleRows } from '../../src/matrix.js';
import { type Context, Skip } from '../context.js';
import { describe, narrow, pbmc3k } from '../data/matrices.js';
import { kernelArgs, type Start, startOf } from '../ours.js';
import { type Sklearn, startSklearn } from '../peers/sklearn.js';
import { type Spread, spread } from '../stats.js';

/** Share above the best known loss that fits are timed to. */
const GOAL = 0.01;

export interface Poisson {
  readonly shape: string;
  readonly rows: readonly PoissonRow[];
}

/** Times of one way over all starts. */
export interface PoissonRow {
  readonly k: number;
  readonly program: 'factorloom' | 'scikit-learn';
  readonly solver: 'ccd' | 'mu';
  readonly precision: 'f64' | 'f32';
  readonly threads: number;
  readonly msPerIteration: number;
  /** Seconds of a fit until it is within 1% of the best loss known of all starts; null where a start did not get there. */
  readonly secondsToGoal: Spread | null;
  /** Least generalized Kullback–Leibler divergence of all starts, summed over all entries. */
  readonly least: number;
}

/** What a program found from one start: divergences after so many iterations, and the seconds of all of them. */
interface Course {
  readonly points: readonly { readonly iterations: number; readonly divergence: number; readonly seconds: number }[];
}

interface Way extends Pick<PoissonRow, 'k' | 'program' | 'solver' | 'precision' | 'threads'> {
  explore(seed: number): Promise<Course>;
}

/** Counts as Poisson's: the time until the divergence is within 1% of the best known one. */
export async function poisson(context: Context): Promise<Poisson> {
  const peer = await peerOrNull(context);
  try {
    const rows: PoissonRow[] = [];
    for (const k of context.quick ? [10] : [10, 20]) rows.push(...(await race(context, k, peer)));
    return { shape: describe(pbmc3k()), rows };
  } finally {
    peer?.end();
  }
}

async function peerOrNull({ log }: Context): Promise<Sklearn | null> {
  try {
    return await startSklearn(1, log);
  } catch (error) {
    if (!(error instanceof Skip)) throw error;
    log(`poisson: without scikit-learn, ${error.message}`);
    return null;
  }
}

async function race(context: Context, k: number, peer: Sklearn | null): Promise<readonly PoissonRow[]> {
  const ways: Way[] = [ours(context, k, 'ccd', 'f32'), ours(context, k, 'ccd', 'f64'), ours(context, k, 'mu', 'f32')];
  if (peer !== null) ways.push(await theirs(context, k, peer));
  const found: { way: Way; courses: readonly Course[] }[] = [];
  for (const way of ways) {
    context.log(`poisson: k = ${k}, ${way.program} ${way.solver} ${way.precision}`);
    const courses: Course[] = [];
    for (const seed of context.seeds) courses.push(await way.explore(seed));
    found.push({ way, courses });
  }
  const leastOf = (courses: readonly Course[]) =>
    Math.min(...courses.flatMap(({ points }) => points.map(({ divergence }) => divergence)));
  const goal = (1 + GOAL) * Math.min(...found.map(({ courses }) => leastOf(courses)));
  return found.map(({ way: { explore: _, ...way }, courses }) => {
    const reached = courses.map(({ points }) => points.find(({ divergence }) => divergence <= goal)?.seconds);
    const whole = reached.filter((seconds) => seconds !== undefined);
    const ends = courses.map(({ points }) => points[points.length - 1]);
    return {
      ...way,
      msPerIteration: Math.min(...ends.map(({ iterations, seconds }) => (1000 * seconds) / iterations)),
      secondsToGoal: whole.length === courses.length ? spread(whole) : null,
      least: leastOf(courses),
    };
  });
}

/** One thread, as the peer has; the kernel tells of every iteration. */
function ours({ kernels, quick }: Context, k: number, solver: 'ccd' | 'mu', precision: 'f64' | 'f32'): Way {
  const data = pbmc3k();
  const X = precision === 'f64' ? data : narrow(data);
  const loss = poissonLoss(data.values, data.rows * data.cols);
  return {
    ...{ k, program: 'factorloom', solver, precision, threads: 1 },
    explore: async (seed) => {
      const iterations = quick ? 20 : 300;
      const start = startOf(X, k, seed);
      const args = {
        ...kernelArgs({ X, start, iterations, threads: 1, precision }),
        ...({ solver, accelerate: 'none', sweeps: solver === 'ccd' ? 2 : 1, loss } as const),
      };
      const points: Course['points'][number][] = [];
      await kernels.nmf({ ...args, maxIter: 1 }, { threads: 1 });
      const began = performance.now();
      await kernels.nmf(args, {
        threads: 1,
        onIteration: ({ iteration, objective }) => {
          const seconds = (performance.now() - began) / 1000;
          points.push({ iterations: iteration, divergence: objective, seconds });
        },
      });
      return { points };
    },
  };
}

/** scikit-learn's multiplicative updates; they carry nothing but W and H, so each rung goes on from the one before. */
async function theirs({ kernels, quick }: Context, k: number, peer: Sklearn): Promise<Way> {
  const X = pbmc3k();
  const loss = poissonLoss(X.values, X.rows * X.cols);
  await peer.hold('counts', X, 'f64');
  const divergence = async ({ W, H }: Start) =>
    ((await kernels.deviance({ X: [X], W, H, loss })).loss * X.rows * X.cols) / 2;
  return {
    ...{ k, program: 'scikit-learn', solver: 'mu', precision: 'f64', threads: 1 },
    explore: async (seed) => {
      let at = balanced(startOf(X, k, seed), loss.floor * X.rows * X.cols * 1e6);
      const points: Course['points'][number][] = [];
      let [done, seconds] = [0, 0];
      for (const rung of [5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 140, 160, 200, 240, 280]) {
        const next = await peer.fit('counts', at, rung - done, 'kullback-leibler');
        seconds += next.seconds;
        points.push({ iterations: rung, divergence: await divergence(next), seconds });
        if (seconds > (quick ? 5 : 100)) break;
        [at, done] = [next, rung];
      }
      return { points };
    },
  };
}

/** H multiplied by the number for which the estimates have the sum of the data, as our kernel begins. */
function balanced({ W, H }: Start, total: number): Start {
  const sumOf = (data: Float64Array) => data.reduce((sum, x) => sum + x, 0);
  let sum = 0;
  for (let r = 0; r < W.cols; r++) sum += sumOf(W.data.subarray(r * W.rows, (r + 1) * W.rows)) * rowSum(H, r);
  return { W, H: scaleRows(H, new Float64Array(W.cols).fill(total / sum)) };
}

function rowSum(H: DenseMatrix, r: number): number {
  let sum = 0;
  for (let p = r; p < H.data.length; p += H.rows) sum += H.data[p];
  return sum;
}

function poissonLoss(values: Float64Array | Float32Array, entries: number): KernelLoss {
  let sum = 0;
  for (const x of values) sum += x;
  const none = { power: 0, delta: 0, dispersion: null, zeroInflation: null, penalties: 1 };
  return { name: 'kl', ...none, floor: (1e-6 * sum) / entries };
}
