import { Command } from 'commander';
import { WRITTEN } from '../../files/write-matrix.js';
import { readMatrix, type WrittenFormat, writeMatrix } from '../../index.js';
import { examples } from '../examples.js';
import { Interrupted } from '../failure.js';
import { interruptible } from '../interrupt.js';
import { checkPlace } from '../places.js';
import { meterOf, watchReading } from '../progress.js';
import { delimiter, type ReadingFlags, readingOf, withReading } from '../reading.js';
import { talkOf } from '../talk.js';
import { choice } from '../values.js';

interface ConvertFlags extends ReadingFlags {
  readonly to?: WrittenFormat;
  readonly toLayout?: 'matrix' | 'triplets';
  readonly toDelimiter?: string;
}

/** `factorloom convert FROM TO`: a matrix in another format. */
export const convertCommand = (): Command =>
  withReading(new Command('convert'))
    .description('Write the matrix of a file to another, features × samples')
    .argument('<source>', 'a file that readMatrix reads')
    .argument('<target>', `a file that writeMatrix writes: ${WRITTEN.map((format) => `.${format}`).join(', ')}`)
    .addOption(choice('--to <format>', 'the format of the target, where its name does not say it', WRITTEN))
    .addOption(choice('--to-layout <layout>', 'of a table; default matrix', ['matrix', 'triplets']))
    .option('--to-delimiter <character>', 'what stands between fields of a table of text, also tab or space', delimiter)
    .addHelpText(
      ...examples(
        'factorloom convert filtered_feature_bc_matrix counts.h5ad',
        'factorloom convert table.csv table.parquet --orientation samples-by-features',
      ),
    )
    .action(async (source: string, target: string, flags: ConvertFlags, command: Command) => {
      const talk = talkOf(command);
      await checkPlace(target, [source]);
      const meter = meterOf(talk);
      const written = interruptible(async (signal) => {
        const reading = readMatrix(source, { ...readingOf(flags), signal, onProgress: watchReading(meter) });
        const matrix = await reading.finally(meter.close);
        const { to: format, toLayout: layout, toDelimiter } = flags;
        await writeMatrix(target, matrix, { format, layout, delimiter: toDelimiter, signal });
        return matrix;
      });
      const { rows, cols, kind } = await written.catch((error: unknown) => {
        if (error instanceof Interrupted) talk.warn(`Stopped: nothing was written to ${target}.`);
        throw error;
      });
      const storage = kind === 'dense' ? 'dense' : 'sparse';
      if (talk.json)
        talk.result(
          () => '',
          () => ({ path: target, rows, cols, storage }),
        );
      else talk.say(`${target}: ${rows} × ${cols}, ${storage}`);
    });
