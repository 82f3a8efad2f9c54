import { join } from 'node:path';
import { Command } from 'commander';
import { type Simulated, simulateNmf, simulateSwimmer, writeMatrix } from '../../index.js';
import { checkPlace, makeFolder } from '../places.js';
import { type Talk, talkOf } from '../talk.js';
import { number, whole } from '../values.js';

interface Places {
  readonly out: string;
  readonly truth?: string;
}

interface NmfFlags extends Places {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly noise?: number;
  readonly dropout?: number;
  readonly seed?: number;
}

/** `factorloom simulate MODEL`: data whose factors are known. */
export const simulateCommand = (): Command =>
  new Command('simulate')
    .description('Make data of which it is known what they are made of')
    .addCommand(nmfCommand())
    .addCommand(swimmerCommand());

const withPlaces = (command: Command): Command =>
  command
    .requiredOption('-o, --out <file>', 'where the data go')
    .option('--truth <folder>', 'write the factors, W.npy and H.npy, to this folder')
    .option('--noise <sd>', 'standard deviation of the noise, in units of the mean; default 0', number(0))
    .option('--seed <seed>', 'a whole number; default 0', whole(0));

const nmfCommand = (): Command =>
  withPlaces(new Command('nmf'))
    .description('W·H of exponential factors, with noise and dropout')
    .requiredOption('--rows <features>', 'features', whole(1))
    .requiredOption('--cols <samples>', 'samples', whole(1))
    .requiredOption('-k, --k <rank>', 'factors', whole(1))
    .option('--dropout <chance>', 'of an entry to be made zero; default 0', number(0))
    .action(({ out, truth, ...options }: NmfFlags, command: Command) =>
      write({ out, ...(truth === undefined ? {} : { truth }) }, talkOf(command), () => simulateNmf(options)),
    );

const swimmerCommand = (): Command =>
  withPlaces(new Command('swimmer'))
    .description('256 images of a figure with four limbs in four positions each')
    .action(
      ({ out, truth, ...options }: Places & { readonly noise?: number; readonly seed?: number }, command: Command) =>
        write({ out, ...(truth === undefined ? {} : { truth }) }, talkOf(command), () => simulateSwimmer(options)),
    );

async function write({ out, truth }: Places, talk: Talk, simulate: () => Simulated): Promise<void> {
  await checkPlace(out);
  if (truth !== undefined) await makeFolder(truth);
  const { X, W, H } = simulate();
  await writeMatrix(out, X);
  if (truth !== undefined) {
    await writeMatrix(join(truth, 'W.npy'), W);
    await writeMatrix(join(truth, 'H.npy'), H);
  }
  if (talk.json) talk.result(String, () => ({ path: out, rows: X.rows, cols: X.cols, k: W.cols }));
  else talk.say(`wrote ${out}: ${X.rows} × ${X.cols}, of ${W.cols} factors`);
}
