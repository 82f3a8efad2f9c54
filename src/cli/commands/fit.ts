import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Command } from 'commander';
import { WRITTEN } from '../../files/write-matrix.js';
import {
  type Backend,
  type DenseMatrix,
  type FileMatrix,
  factorNet,
  type GraphFit,
  type LayerFit,
  type Plan,
  type Progress,
  partialFit,
  saveFit,
  type WrittenFormat,
  writeH5ad,
  writeMatrix,
} from '../../index.js';
import { dense } from '../../matrix.js';
import type { Context } from '../context.js';
import { examples } from '../examples.js';
import { factorNames, withFactorNames } from '../factors.js';
import { Interrupted, UsageError } from '../failure.js';
import { type GraphFlags, graphOf, withGraph } from '../graph.js';
import { namedFile, pathsOf } from '../inputs.js';
import { interruptible } from '../interrupt.js';
import { checkPlace, makeFolder } from '../places.js';
import { type Meter, meterOf } from '../progress.js';
import { type Talk, talkOf } from '../talk.js';
import { recorder } from '../unfinished.js';
import { choice, whole } from '../values.js';

/** What stands for the name of a fit that is not written. */
const UNNAMED = 'factorloom';

interface FitFlags extends GraphFlags {
  readonly out?: string;
  readonly factors?: string;
  readonly factorsFormat: WrittenFormat;
  readonly h5ad?: ReturnType<typeof namedFile>;
  /** False: none. */
  readonly checkpoint?: string | false;
  readonly every?: number;
  readonly anew?: true;
  readonly threads?: number;
  readonly backend?: Backend;
  readonly memory?: 'normal' | 'low';
}

/** `factorloom fit GRAPH`: fits a graph, and writes what comes of it. */
export const fitCommand = ({ args }: Context): Command =>
  withGraph(new Command('fit'))
    .description('Fit a graph, or one layer, to data')
    .option('-o, --out <file>', 'write the fit to this file (safetensors), which loadFit and the other commands read')
    .option('--factors <folder>', 'write W, d and H of every layer to files in this folder')
    .addOption(choice('--factors-format <format>', 'of these files', WRITTEN).default('npy'))
    .option(
      '--h5ad <input=file>',
      'write X, W, d and H as AnnData, samples × features of this input; a file alone: of the only one',
      namedFile,
    )
    .option(
      '--checkpoint <file>',
      'where to leave how far the fit has come; default: beside --out, and removed at the end',
    )
    .option('--no-checkpoint', 'leave nothing behind')
    .option('--every <iterations>', 'of a layer, from one checkpoint to the next; default 10', whole(1))
    .option('--anew', 'begin anew, whatever checkpoint is there')
    .option('--threads <count>', 'of the native kernels; default all cores', whole(1))
    .addOption(choice('--backend <backend>', 'default auto', ['auto', 'native', 'reference']))
    .addOption(choice('--memory <use>', 'low: no transpose of sparse data; default normal', ['normal', 'low']))
    .addHelpText(
      ...examples(
        'factorloom fit -i rna=cells.h5ad --from-layer counts -k 10 --name nmf --seed 1 -o fit.safetensors --h5ad nmf.h5ad',
        'factorloom fit -i table.csv --orientation samples-by-features -k 5 --factors factors --factors-format csv',
        'factorloom fit graph.ts -i rna=cells.h5ad -i atac=peaks.mtx.gz --read rna.layer=counts -o fit.safetensors',
      ),
    )
    .action(async (file: string | undefined, flags: FitFlags, command: Command) => {
      const talk = talkOf(command);
      const meter = meterOf(talk);
      const { output, config, data } = await graphOf(file, { ...flags, meter });
      const net = factorNet(output, config);
      const place = placeOf(flags);
      if (flags.out !== undefined) checkFit(flags.out);
      const reads = [...(file === undefined ? [] : [file]), ...pathsOf(flags)];
      const asH5ad = h5adOf(flags, net.plan, data);
      // None of them may be one before.
      const taken = [...reads];
      for (const path of [flags.out, asH5ad?.path, place]) {
        if (path === undefined) continue;
        await checkPlace(path, taken);
        taken.push(path);
      }
      if (flags.factors !== undefined) await makeFolder(flags.factors);
      const { threads, backend, memory, every, anew = false } = flags;
      const record = recorder(place, args);
      const show = showing(meter);
      const onProgress = (progress: Progress) => {
        record.begin();
        show(progress);
      };
      const fitted = interruptible((signal) =>
        net.fit({
          ...{ signal, threads, backend, memory, onProgress },
          ...(place === undefined ? {} : { checkpoint: { path: place, every, resume: !anew } }),
        }),
      );
      const fit = await fitted.catch(async (error: unknown) => {
        meter.close();
        throw error instanceof Interrupted ? told(error, (await record.settled()) ? place : undefined, talk) : error;
      });
      meter.close();
      const files = await write(fit, flags, asH5ad, taken);
      if (place !== undefined && flags.checkpoint === undefined) await rm(place, { force: true });
      await record.remove();
      talk.result(
        () => inspect(fit),
        () => ({
          summary: fit.summary,
          layers: Object.fromEntries(layersOf(fit).map(([name, own]) => [name, factsOf(own)])),
          files,
        }),
      );
      for (const path of files) talk.say(`wrote ${path}`);
    });

/** @throws UsageError for a name that promises another format. */
function checkFit(out: string): void {
  const other = WRITTEN.find((format) => format !== 'safetensors' && out.toLowerCase().endsWith(`.${format}`));
  if (other === undefined) return;
  const cure = other === 'h5ad' ? `--h5ad ${out}` : `--factors FOLDER --factors-format ${other}`;
  throw new UsageError(`A fit must be written to a file of safetensors; got ${out}. ${other} is written by ${cure}`);
}

/** What is written as AnnData, and where. */
interface AsH5ad {
  readonly path: string;
  readonly input: string;
  readonly data: FileMatrix | undefined;
}

/** @throws UsageError for an input that isn't there, before the fit. */
function h5adOf({ h5ad }: FitFlags, plan: Plan, data: ReadonlyMap<string, FileMatrix>): AsH5ad | undefined {
  if (h5ad === undefined) return undefined;
  const names = plan.prepare.flatMap((step) => (step.op === 'load' && step.source === 'input' ? [step.name] : []));
  const { path, name = names.length === 1 ? names[0] : undefined } = h5ad;
  if (name === undefined || !names.includes(name))
    throw new UsageError(
      `--h5ad must be of one of the inputs ${names.join(', ')}: give it as ${names[0]}=${path}; got ${name ?? 'none'}`,
    );
  return { path, input: name, data: data.get(name) };
}

/** Where a fit leaves how far it has come. */
const placeOf = ({ checkpoint, out = UNNAMED }: FitFlags): string | undefined =>
  checkpoint === false ? undefined : (checkpoint ?? `${out}.checkpoint`);

function told(error: Interrupted, place: string | undefined, talk: Talk): Interrupted {
  const at = partialFit(error)?.stoppedIn;
  talk.warn(`Stopped${at === undefined ? '' : ` in layer ${at}`}.`);
  talk.warn(place === undefined ? 'Nothing was kept of it.' : `Go on with: factorloom resume ${place}`);
  return error;
}

/** Layers as they are fitted: how far one is, and a line when it is done. */
const showing =
  (meter: Meter) =>
  ({ layer, index, layers, iteration, maxIter, loss, done, restart, round }: Progress): void => {
    const where = round === undefined ? `${layer} (${index} of ${layers})` : 'all layers';
    const kind = round === undefined ? 'iteration' : 'round';
    const start = restart === undefined ? '' : `, start ${restart}`;
    const count = round ?? iteration;
    const text = `${where}: ${kind} ${count}${start}, loss ${Number(loss.toPrecision(5))}`;
    if (done) meter.line(text);
    else meter.at(() => ({ text, share: count / maxIter }));
  };

// All that a fit of a graph holds beside its summary is layers; the methods are not enumerable.
const layersOf = ({ summary: _, ...layers }: GraphFit): readonly (readonly [string, LayerFit<string>])[] =>
  Object.entries(layers as unknown as Readonly<Record<string, LayerFit<string>>>);

const factsOf = ({ method, d, loss, objective, iterations, converged, kkt }: LayerFit<string>) => ({
  ...{ method, k: d.length, d, loss, objective, iterations, converged, kkt },
});

/** @returns the files that were written. */
async function write(
  fit: GraphFit,
  { out, factors, factorsFormat }: FitFlags,
  asH5ad: AsH5ad | undefined,
  taken: string[],
): Promise<readonly string[]> {
  const files: string[] = [];
  if (out !== undefined) {
    await saveFit(fit, out);
    files.push(out);
  }
  if (asH5ad !== undefined) {
    const { path, ...options } = asH5ad;
    await writeH5ad(fit, path, options);
    files.push(path);
  }
  if (factors === undefined) return files;
  for (const [layer, { W, d, H, Wcondition }] of layersOf(fit)) {
    const loadings = isMatrix(W)
      ? [['W', W] as const]
      : Object.entries(W).map(([name, part]) => [`W.${name}`, part] as const);
    const called = H.colNames !== undefined || loadings.some(([, { rowNames }]) => rowNames !== undefined);
    const scales = {
      ...dense(1, d.length, d),
      ...(called ? { rowNames: ['d'], colNames: factorNames(d.length) } : {}),
    };
    const conditions = Wcondition === undefined ? [] : [['Wcondition', Wcondition] as const];
    for (const [name, matrix] of [...loadings, ...conditions, ['d', scales] as const, ['H', H] as const]) {
      const path = join(factors, `${fileName(layer)}.${fileName(name)}.${factorsFormat}`);
      await checkPlace(path, taken);
      taken.push(path);
      await writeMatrix(path, withFactorNames(matrix), { format: factorsFormat });
      files.push(path);
    }
  }
  return files;
}

const isMatrix = (W: LayerFit<string>['W']): W is DenseMatrix => 'kind' in W && typeof W.kind === 'string';

/** A name without what leads to another folder, as URLs write it; no two names are the same then. */
const fileName = (name: string): string =>
  name.replace(/[/\\:*?"<>|%]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
