import { Command } from 'commander';
import { type DenseMatrix, type FileMatrix, loadFit, toRows, writeMatrix } from '../../index.js';
import { examples } from '../examples.js';
import { withFactorNames } from '../factors.js';
import { UsageError } from '../failure.js';
import { type InputFlags, pathsOf, readInputs, withInputs } from '../inputs.js';
import { layerIn } from '../layers.js';
import { checkPlace } from '../places.js';
import { meterOf } from '../progress.js';
import { talkOf } from '../talk.js';
import { whole } from '../values.js';

interface ProjectFlags extends InputFlags {
  readonly layer?: string;
  readonly out?: string;
  readonly threads?: number;
}

/** `factorloom project FIT`: the embedding of new samples. */
export const projectCommand = (): Command =>
  withInputs(new Command('project').argument('<fit>', 'a fit that fit --out has written'))
    .description('Put new samples through a fit: the embedding (k × samples) of a layer, to a file or as a table')
    .option('-l, --layer <name>', 'the layer; default: the output')
    .option('-o, --out <file>', 'write the embedding to this file')
    .option('--threads <count>', 'of the native kernels; default all cores', whole(1))
    .addHelpText(...examples('factorloom project fit.safetensors -i rna=new.h5ad -o H.csv'))
    .action(async (file: string, flags: ProjectFlags, command: Command) => {
      const talk = talkOf(command);
      const { out, threads } = flags;
      const fit = await loadFit(file);
      const layer = layerIn(fit, flags.layer);
      if (flags.input === undefined) throw new UsageError('There must be new samples: give them by --input; got none');
      if (out !== undefined) await checkPlace(out, [file, ...pathsOf(flags)]);
      const data = await readInputs({ ...flags, meter: meterOf(talk) });
      const colNames = samplesOf(data);
      const own = (await fit.project(Object.fromEntries(data), { threads }))[layer];
      if (own === undefined) throw new UsageError(`The inputs must lead to layer ${layer}; got none that it reads`);
      const found = colNames === undefined ? own : { ...own, colNames };
      const { rows, cols, rowNames } = found;
      const facts = { layer, rows, cols, rowNames, colNames };
      if (out === undefined) {
        talk.result(
          () => table(found),
          () => ({ ...facts, values: toRows(found) }),
        );
        return;
      }
      await writeMatrix(out, withFactorNames(found));
      if (talk.json) talk.result(String, () => ({ ...facts, path: out }));
      else talk.say(`wrote ${out}: ${layer}, ${rows} × ${cols}`);
    });

/**
 * What files call the new samples, where one does.
 *
 * @throws UsageError for two that call them otherwise: column j of all inputs is one sample.
 */
function samplesOf(data: ReadonlyMap<string, FileMatrix>): readonly string[] | undefined {
  const [first, ...others] = Array.from(data, ([name, { colNames }]) => ({ name, colNames })).filter(
    ({ colNames }) => colNames !== undefined,
  );
  for (const { name, colNames = [] } of others) {
    const at = colNames.findIndex((own, j) => own !== first.colNames?.[j]);
    if (at >= 0)
      throw new UsageError(
        `New samples must have the same names in the same order in all inputs; got ${first.colNames?.[at] ?? 'none'} in ${first.name} and ${colNames[at]} in ${name}, at sample ${at}`,
      );
  }
  return first?.colNames;
}

/** A line for each factor, the first with names; cells parted by tabs, in quotes where a name has one, or a line's end. */
function table(matrix: DenseMatrix): string {
  const { cols, rowNames, colNames } = matrix;
  const head = ['', ...Array.from({ length: cols }, (_, j) => colNames?.[j] ?? String(j))];
  const lines = toRows(matrix).map((row, i) => [rowNames?.[i] ?? String(i), ...Array.from(row, String)]);
  return [head, ...lines].map((line) => line.map(cell).join('\t')).join('\n');
}

const cell = (text: string): string => (/["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
