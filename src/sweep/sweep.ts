import { checkOptions } from '../dsl/check-options.js';
import { crossValidateOptions, sweepOptions, sweepRunOptions } from '../dsl/schemas.js';
import { packageVersion } from '../io/version.js';
import { selectKernels } from '../kernels/select.js';
import { checkLooks, checkSpace } from './check-space.js';
import { type Choice, choose, type Eliminated, eliminatedIn, failedIn, type PointSummary } from './choice.js';
import { createEngine } from './engine.js';
import { explainSweep } from './explain.js';
import type { Asked } from './fits/ask.js';
import { createKeeper } from './fits/keeper.js';
import { freshLedger, type Ledger } from './ledger.js';
import { searchDisplayed, sweepDisplayed } from './look.js';
import type { SweepOptions, SweepRunOptions } from './options.js';
import { type Inputs, type Point, pointMaker } from './points.js';
import type { SweepProgress } from './progress.js';
import { type Reported, reported, type Swept } from './reported.js';
import { isFitted, type SweepRow } from './rows.js';
import type { Work } from './shared-steps.js';
import { nameOfPoint, type Params, type ParamsOf, type Space } from './space.js';
import { type Identity, identityOf } from './store/identity.js';
import { storeLedger } from './store/store.js';
import { strategyOf } from './strategies/select.js';
import type { Ask } from './strategies/strategy.js';
import { reasonText, tableText } from './table.js';
import { onPaths } from './warm-start.js';

/** What a sweep has found. */
export interface SweepResult<S extends Space = Space> extends Asked<ParamsOf<S>>, Reported {
  /** The point of lowest mean held-out error. */
  readonly best: ParamsOf<S>;
  /** The simplest point that is no worse than `best` by more than one standard error of their paired difference. */
  readonly simplest: ParamsOf<S>;
  /** Points by rising held-out error. */
  readonly points: readonly PointSummary<ParamsOf<S>>[];
  /** Points that `halving` gave up before their fits were done: those that came furthest first, by rising error. */
  readonly eliminated: readonly Eliminated<ParamsOf<S>>[];
  /** Every point on every mask; with `halving`, once for each budget it was given. */
  readonly rows: readonly SweepRow<ParamsOf<S>>[];
  /** Why `best` and `simplest` are what they are, in a sentence. */
  readonly reason: string;
  /** Layers and multiply-adds: what ran, and what would have without sharing. */
  readonly work: Work;
  /** The seed that gives these masks and starts again. */
  readonly seed: number;
  /** `points` as text: errors, paired differences to the best, and their standard errors; then those `eliminated`. */
  table(): string;
}

/** A search over graphs, ready to be looked at and run. */
export interface Sweep<S extends Space = Space> {
  /** The merged plan as text: which layers points share, how many fits were asked for and how many will run. */
  explain(): string;
  /**
   * Fits every point on every mask, and chooses.
   *
   * @throws GraphError 'unknown-option', 'invalid-option' for these options; the first failure with `onError: 'stop'`.
   * @throws SweepError when every point has failed; `rows` say why.
   * @throws SweepStoreError for a `store` that can't be used, or a row or a fit that can't be kept.
   * @throws ModelFileError for a fit that was kept before and is not as it was written.
   * @throws SweepWorkerError for a worker thread that can't start, or that ends before its time.
   */
  run(options?: SweepRunOptions): Promise<SweepResult<S>>;
  /** The same, row by row: yields as rows are done, and returns the result; a loop that is left ends the sweep. */
  steps(options?: SweepRunOptions): AsyncGenerator<SweepProgress, SweepResult<S>>;
}

/** Every point of a sweep has failed. */
export class SweepError extends Error {
  override readonly name = 'SweepError';
  readonly code = 'all-failed';
  /** Every point on every mask, with its error. */
  declare readonly rows: readonly SweepRow[];

  constructor(rows: readonly SweepRow[]) {
    const [first] = rows.flatMap(({ error }) => (error === null ? [] : [error.message]));
    super(`A sweep must have a point that can be fitted on every mask; got none. The first failed with: ${first}`);
    // Not shown with the error, which they would bury.
    Object.defineProperty(this, 'rows', { value: Object.freeze(rows), enumerable: false });
  }
}

/**
 * Makes a sweep over the graphs that `layerFn` builds: all of them are compiled now, and layers that several have in
 * common, on the same mask, are found.
 *
 * @throws GraphError for the options, for a space without points, and where no point makes a graph.
 */
export function graphSweep<const S extends Space>(options: SweepOptions<S>): Sweep<S> {
  checkOptions(sweepOptions, options, 'crossValidateGraph');
  const own = options as unknown as SweepOptions; // the space is known to layerFn alone
  checkSpace(own);
  const maker = pointMaker(own);
  const strategy = strategyOf(own);
  const made = strategy.first.map((params) => maker.make(params, 'record'));
  const first = options.warmStart === true ? onPaths(made, options.config) : made;
  checkLooks(own, first);
  const inputs = maker.inputs();
  if (inputs === undefined || first.every(({ error }) => error !== null)) {
    // The error of the first says more than that there is no graph.
    maker.make(first[0].params, 'stop');
    throw new TypeError('a point that failed must fail again');
  }
  const { reps = 3, testFraction = 0.1, holdOut = 'entries', seed = 0, ridge = 1e-3, earlyStopping, config } = options;
  const { diagnostics = false } = options;
  const looks = earlyStopping === undefined ? null : { every: 5, patience: 4, ...defined(earlyStopping) };
  const masking = { kind: holdOut, fraction: testFraction, seed };
  const search = strategy.plan(first);

  const identityIn = (data: Inputs, backend: string): Promise<Identity> =>
    identityOf(data, masking, {
      ...{ params: Object.keys(options.params), reps, ridge, earlyStopping: looks, backend },
    });

  async function run(runOptions: SweepRunOptions, onRow: (progress: SweepProgress) => void): Promise<SweepResult<S>> {
    checkOptions(sweepRunOptions, runOptions, 'crossValidateGraph');
    const kernels = selectKernels(runOptions.backend);
    const began = performance.now();
    const of = search.rungs.reduce((sum, rung) => sum + rung.points, 0) * reps;
    let done = 0;
    const failed = runOptions.onError === 'stop' ? first.find(({ error }) => error !== null) : undefined;
    if (failed !== undefined) maker.make(failed.params, 'stop');
    const data = inputs ?? new Map();
    const { store, onError, keep = 'none' } = runOptions;
    const identity = store === undefined ? null : await identityIn(data, kernels.backend);
    const keeper = await createKeeper({ store, identity, keep, diagnostics, kernels });
    const ledger: Ledger =
      store === undefined || identity === null
        ? freshLedger()
        : await storeLedger(store, identity, { retry: onError === 'stop' });
    const engine = createEngine({
      inputs: data,
      masking,
      reps,
      fitting: { config, ridge, looks },
      kernels,
      run: runOptions,
      ledger,
      keep: keeper.keep,
      onRow: (row) => {
        const seconds = (performance.now() - began) / 1000;
        done++;
        onRow(Object.freeze({ row, done, of, seconds, left: (seconds / done) * (of - done) }));
      },
    });
    const points = [...first];
    const byName = new Map(points.map((point) => [nameOfPoint(point.params), point]));
    const pointOf = (params: Params): Point => {
      const name = nameOfPoint(params);
      const known = byName.get(name);
      if (known !== undefined) return known;
      const made = { ...maker.make(params, runOptions.onError ?? 'record'), index: points.length };
      byName.set(name, made);
      points.push(made);
      return made;
    };
    const rows: SweepRow[] = [];
    const ask: Ask = async (list, budget) => {
      const asked = list.map(pointOf);
      const found = await engine.evaluate(asked, budget);
      rows.push(...found);
      return asked.map(({ index }) => meanLoss(found.filter(({ point }) => point === index)));
    };
    const settled = async () => {
      await search.run(ask);
      const choice = choose(rows, (point) => points[point].complexity);
      if (choice === undefined) throw new SweepError(rows);
      return keeper.settle({ points, rows, choice, reps, refit: engine.refit });
    };
    let alone = false;
    const end = await settled().finally(async () => {
      await engine.close().finally(async () => {
        alone = await ledger.close();
      });
    });
    // Whoever is last tidies up: others may need what we don't.
    if (alone) await end.prune();
    const seconds = (performance.now() - began) / 1000;
    const plan = points[end.choice.best.point].compiled?.plan;
    return resultOf(end.choice, rows, end.asked, {
      ...{ reps, masking, ridge, looks, seconds, backend: kernels.backend, version: packageVersion() },
      work: engine.work(),
      plan: async () => plan,
    });
  }

  return Object.freeze(
    searchDisplayed({
      explain: () =>
        explainSweep(first, {
          reps,
          masking,
          inputs: inputs ?? new Map(),
          search,
          looks,
          diagnostics,
          warmStart: options.warmStart === true,
        }),
      run: (runOptions: SweepRunOptions = {}) => run(runOptions, (progress) => runOptions.onProgress?.(progress)),
      steps: (runOptions: SweepRunOptions = {}) =>
        streamed<SweepProgress, SweepResult<S>>(async (tell, end) => {
          checkOptions(sweepRunOptions, runOptions, 'crossValidateGraph');
          const signal = runOptions.signal === undefined ? end : AbortSignal.any([runOptions.signal, end]);
          return run({ ...runOptions, signal }, (progress) => {
            tell(progress);
            runOptions.onProgress?.(progress);
          });
        }),
    }),
  );
}

/** Options that are said. */
const defined = <T extends object>(options: T): { [P in keyof T]: NonNullable<T[P]> } =>
  // What is left has a value.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;

/** Infinity for a point that failed on a mask. */
function meanLoss(rows: readonly SweepRow[]): number {
  const losses = rows.map((row) => (isFitted(row) ? row.testLoss : Infinity));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Fits and scores every point of a sweep on every mask: `graphSweep(options).run(options)`. */
export async function crossValidateGraph<const S extends Space>(
  options: SweepOptions<S> & SweepRunOptions,
): Promise<SweepResult<S>> {
  checkOptions(crossValidateOptions, options, 'crossValidateGraph');
  const { signal, onProgress, onError, workers, executor, threads, backend, memory, store, keep, ...sweep } = options;
  const run = { signal, onProgress, onError, workers, executor, threads, backend, memory, store, keep };
  // What is left are the options of the sweep.
  return graphSweep<S>(sweep as SweepOptions<S>).run(run);
}

/** A callback turned into a stream, which is not held up by what is left unread; who reads no further ends the work. */
async function* streamed<T, R>(
  work: (tell: (value: T) => void, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<T, R> {
  const control = new AbortController();
  const waiting: T[] = [];
  let wake = () => {};
  let over = false;
  const tell = (value: T) => {
    waiting.push(value);
    wake();
  };
  const result = work(tell, control.signal).finally(() => {
    over = true;
    wake();
  });
  // Its failure is told where it is awaited below.
  const ended = result.catch(() => undefined);
  try {
    while (!over || waiting.length > 0) {
      const value = waiting.shift();
      if (value !== undefined) yield value;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (over || waiting.length > 0) resolve();
        });
    }
  } finally {
    control.abort(new Error('the rows of a sweep are read no further'));
    await ended;
  }
  return await result;
}

function resultOf<S extends Space>(
  choice: Choice<Params>,
  rows: readonly SweepRow[],
  asked: Asked,
  run: Omit<Swept, 'choice' | 'rows' | 'of' | 'left' | 'reason' | 'work'> & { readonly work: Work },
): SweepResult<S> {
  const { points, best, simplest } = choice;
  const eliminated = Object.freeze(eliminatedIn(rows));
  const left = { eliminated, failed: failedIn(rows) };
  const reason = reasonText(choice, left);
  const result = {
    best: best.params,
    simplest: simplest.params,
    points,
    eliminated,
    rows,
    reason,
    work: run.work,
    seed: run.masking.seed,
    table: () => tableText(choice, left),
    ...asked,
    ...reported({ ...run, choice, rows, of: rows.length, left, reason }),
  };
  sweepDisplayed(result, { choice, left, rows });
  Object.freeze(points);
  Object.freeze(rows);
  // The parameters are those of the space.
  return Object.freeze(result) as unknown as SweepResult<S>;
}
