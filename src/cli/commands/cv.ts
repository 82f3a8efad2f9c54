import { Command } from 'commander';
import {
  type Backend,
  graphSweep,
  type HoldOutKind,
  type Keep,
  type SweepOptions,
  type SweepProgress,
} from '../../index.js';
import type { Context } from '../context.js';
import { examples } from '../examples.js';
import { Interrupted, UsageError } from '../failure.js';
import {
  asOutput,
  checkProgram,
  configOf,
  graphArgument,
  graphModule,
  type Inputs,
  inputsOf,
  type LayerFlags,
  noGraph,
  oneLayer,
  refuseLayer,
  withOneLayer,
} from '../graph.js';
import { type InputFlags, makeInputs, withInputs } from '../inputs.js';
import { interruptible } from '../interrupt.js';
import { meterOf } from '../progress.js';
import { type Talk, talkOf } from '../talk.js';
import { recorder } from '../unfinished.js';
import { choice, number, param, ranks, whole } from '../values.js';

type Params = SweepOptions['params'];

interface CvFlags extends InputFlags, LayerFlags {
  readonly k?: readonly number[];
  readonly param?: Params;
  readonly reps?: number;
  readonly testFraction?: number;
  readonly holdOut?: HoldOutKind;
  readonly strategy?: 'grid' | 'random' | 'tpe' | 'halving';
  readonly points?: number;
  readonly diagnostics?: true;
  readonly store?: string;
  readonly keep?: Keep;
  readonly workers?: number;
  readonly executor?: 'inline' | 'threads';
  readonly threads?: number;
  readonly backend?: Backend;
}

/** `factorloom cv GRAPH`: points of a space, scored on what is held out. */
export const cvCommand = ({ args }: Context): Command =>
  withOneLayer(withInputs(new Command('cv').addArgument(graphArgument())))
    .alias('sweep')
    .description('Find the rank of one layer, or anything else of a graph, by cross-validation')
    .option('-k, --k <ranks>', "ranks to try: '2,4,8' or '2:10'", ranks)
    .option('--param <name=values>', 'values of a parameter of the graph, again for each: L1=0,0.01', param)
    .option('--reps <count>', 'masks that every point is scored on; default 3', whole(1))
    .option('--test-fraction <share>', 'share of the data that is held out; default 0.1', number(0))
    .addOption(choice('--hold-out <what>', 'default entries', ['entries', 'nonzeros', 'samples']))
    .addOption(choice('--strategy <strategy>', 'default grid', ['grid', 'random', 'tpe', 'halving']))
    .option('--points <count>', 'how many points, where they are drawn', whole(1))
    .option('--diagnostics', 'say how far the fits of a point agree')
    .option('--store <file>', 'keep every row in this file, for resume')
    .addOption(choice('--keep <which>', 'fits that stay; default none', ['none', 'best', 'all']))
    .option('--workers <count>', 'fits at once; default 1', whole(1))
    .addOption(choice('--executor <executor>', 'where fits run; default inline', ['inline', 'threads']))
    .option('--threads <count>', 'of the native kernels, of all fits together; default all cores', whole(1))
    .addOption(choice('--backend <backend>', 'default auto', ['auto', 'native', 'reference']))
    .addHelpText(
      ...examples(
        'factorloom cv -i cells.h5ad --from-layer counts -k 2:20 --seed 1 --store ranks.db',
        'factorloom cv graph.ts -i rna=cells.h5ad -i atac=peaks.mtx.gz --param k=5,10,20',
      ),
    )
    .action(async (file: string | undefined, flags: CvFlags, command: Command) => {
      const talk = talkOf(command);
      const meter = meterOf(talk);
      const { checkAsked, ...space } = await spaceOf(file, { ...flags, meter });
      const { reps, testFraction, holdOut, strategy, points, diagnostics, seed } = flags;
      const { store, keep, workers, executor, threads, backend } = flags;
      const sweep = graphSweep({ ...space, reps, testFraction, holdOut, strategy, points, diagnostics, seed });
      checkAsked();
      const record = recorder(store, args);
      const found = await interruptible((signal) =>
        sweep.run({
          ...{ signal, store, keep, workers, executor, threads, backend },
          onProgress: (progress) => {
            record.begin();
            meter.at(() => ({ text: rowText(progress), share: progress.done / progress.of }));
          },
        }),
      )
        .finally(meter.close)
        .catch(async (error: unknown) => {
          if (error instanceof Interrupted) tellOf(talk, store, await record.settled());
          throw error;
        });
      await record.remove();
      const { best, simplest, reason, points: summaries, eliminated, rows, work, seed: own } = found;
      talk.result(
        () => `${found.table()}\n\n${reason}`,
        () => ({ best, simplest, reason, seed: own, points: summaries, eliminated, rows, work }),
      );
    });

type Searched = Pick<SweepOptions, 'params' | 'layerFn' | 'config'> & Pick<Inputs, 'checkAsked'>;

/** What is searched: the ranks of one layer, or what a program exports as params. */
async function spaceOf(file: string | undefined, flags: CvFlags): Promise<Searched> {
  const { seed: _, ...own } = configOf(flags);
  const { made: inputs } = await makeInputs(flags, false);
  if (file === undefined) {
    const [input] = inputs.values();
    const { k } = flags;
    if (k === undefined || input === undefined || inputs.size > 1) throw noGraph(k, inputs.size);
    if (flags.param !== undefined) throw new UsageError('--param must be given with a graph; got none');
    const layerFn: Searched['layerFn'] = ({ k: rank }) => oneLayer(input, Number(rank), flags);
    return { params: { k }, layerFn, config: own, checkAsked: () => {} };
  }
  const { k: _k, ...layer } = flags; // a parameter of the graph
  checkProgram(file);
  refuseLayer(layer);
  const { graph, config, params } = await graphModule(file);
  if (typeof graph !== 'function')
    throw new UsageError(`The graph of a sweep must be a function of inputs and parameters; got one graph (${file})`);
  const { seed: _seed, ...ofGraph } = config;
  // What is wrong with params is for the sweep to say.
  const space = { ...(params as Params | undefined), ...(flags.k === undefined ? {} : { k: flags.k }), ...flags.param };
  const { byName, checkAsked } = inputsOf(inputs);
  const layerFn: Searched['layerFn'] = (point) => asOutput(graph(byName, point));
  return { params: space, layerFn, config: { ...ofGraph, ...own }, checkAsked };
}

const rowText = ({ row, done, of, left }: SweepProgress): string => {
  const point = Object.entries(row.params).map(([name, value]) => `${name} ${String(value)}`);
  const came = row.error === null ? `test loss ${Number(row.testLoss.toPrecision(4))}` : `failed: ${row.error.code}`;
  return `${done} of ${of} rows, ${Math.ceil(left)} s left; ${point.join(', ')}: ${came}`;
};

function tellOf(talk: Talk, store: string | undefined, begun: boolean): void {
  talk.warn('Stopped.');
  if (store === undefined) talk.warn('Nothing was kept of it: with --store FILE a sweep can be gone on with.');
  else talk.warn(begun ? `Go on with: factorloom resume ${store}` : 'No row was done yet.');
}
