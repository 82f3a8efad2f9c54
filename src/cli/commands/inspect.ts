import { Argument, Command } from 'commander';
import { type FileFacts, inspectFile } from '../../index.js';
import { textTable } from '../../text-table.js';
import { examples } from '../examples.js';
import { meterOf, watchReading } from '../progress.js';
import { type ReadingFlags, readingOf, withReading } from '../reading.js';
import { talkOf } from '../talk.js';

/** `factorloom inspect FILE…`: what is in files of data. */
export const inspectCommand = (): Command =>
  withReading(new Command('inspect'))
    .description('Say what is in a file of data: format, shape, range, what is missing, what is called what')
    .addArgument(new Argument('<file...>', 'files that readMatrix reads'))
    .addHelpText(
      ...examples(
        'factorloom inspect cells.h5ad --from-layer counts',
        'factorloom inspect table.csv --orientation samples-by-features',
      ),
    )
    .action(async (files: readonly string[], flags: ReadingFlags, command: Command) => {
      const talk = talkOf(command);
      const meter = meterOf(talk);
      const found: FileFacts[] = [];
      for (const file of files) {
        const facts = inspectFile(file, { ...readingOf(flags), onProgress: watchReading(meter) });
        found.push(await facts.finally(meter.close));
      }
      talk.result(
        () => found.map(factsText).join('\n\n'),
        () => (found.length === 1 ? found[0] : found),
      );
    });

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
const digits = (x: number): string => String(Number(x.toPrecision(6)));

function factsText(facts: FileFacts): string {
  const { path, format, rows, cols, storage, precision, missing, sparsity, smallest, largest, mean, counts } = facts;
  const range =
    smallest === null || largest === null || mean === null
      ? 'none known'
      : `${digits(smallest)} to ${digits(largest)}, mean ${digits(mean)}`;
  const lines = [
    ['shape', `${rows} features × ${cols} samples`],
    ['format', `${format}, ${storage}, ${precision}`],
    ['values', `${range}${counts ? ', counts' : ''}`],
    ['zeros', percent(sparsity)],
    ['missing', missing === 0 ? '0' : `${missing} (${percent(missing / (rows * cols))})`],
    ['features', namesText(facts.rowNames, facts.rowLabels)],
    ['samples', namesText(facts.colNames, facts.colLabels)],
  ];
  const [head, ...rest] = lines;
  return `${path}\n${textTable(head, rest, [0, 1]).replace(/^/gm, '  ')}`;
}

/** A name in a line: what ends that is shown as JSON does. */
const inLine = (name: string): string => (/[\n\r\t]/.test(name) ? JSON.stringify(name) : name);

/** Names that are shown. */
const SHOWN = 4;

function namesText(names: readonly string[] | undefined, labels: readonly string[]): string {
  const own =
    names === undefined
      ? 'no names'
      : `${names.slice(0, SHOWN).map(inLine).join(', ')}${names.length > SHOWN ? ', …' : ''}`;
  return labels.length === 0 ? own : `${own}; labels ${labels.map(inLine).join(', ')}`;
}
