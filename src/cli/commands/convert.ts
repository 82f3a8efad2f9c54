import { Command } from 'commander';
import { WRITTEN } from '../../files/write-matrix.js';
import { readMatrix, type WrittenFormat, writeMatrix } from '../../index.js';
import { type ReadingFlags, readingOf, withReading } from '../inputs.js';
import { talkOf } from '../talk.js';
import { choice } from '../values.js';

/** `factorloom convert FROM TO`: a matrix in another format. */
export const convertCommand = (): Command =>
  withReading(new Command('convert'))
    .description('Write the matrix of a file to another, features × samples')
    .argument('<source>', 'a file that readMatrix reads')
    .argument('<target>', `a file that writeMatrix writes: ${WRITTEN.map((format) => `.${format}`).join(', ')}`)
    .addOption(choice('--to <format>', 'the format of the target, where its name does not say it', WRITTEN))
    .action(async (source: string, target: string, flags: ReadingFlags & { to?: WrittenFormat }, command: Command) => {
      const talk = talkOf(command);
      const matrix = await readMatrix(source, readingOf(flags));
      await writeMatrix(target, matrix, { format: flags.to });
      const { rows, cols, kind } = matrix;
      const storage = kind === 'dense' ? 'dense' : 'sparse';
      if (talk.json)
        talk.result(
          () => '',
          () => ({ path: target, rows, cols, storage }),
        );
      else talk.say(`${target}: ${rows} × ${cols}, ${storage}`);
    });
