import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { Command } from 'commander';
import { loadFit, openSweep } from '../../index.js';
import { examples } from '../examples.js';
import { UsageError } from '../failure.js';
import { type Groups, groupsOf, withGroups } from '../groups.js';
import { checkPlace } from '../places.js';
import { talkOf } from '../talk.js';
import { whole } from '../values.js';

interface ReportFlags {
  readonly out: string;
  readonly title?: string;
  readonly layer?: readonly string[];
  readonly top?: number;
  readonly groups?: Groups;
}

/** `factorloom report FILE`: a page of a fit or of a sweep. */
export const reportCommand = (): Command =>
  withGroups(
    new Command('report')
      .description('Write a fit, or the store of a sweep, as one page of HTML')
      .argument('<file>', 'a fit that fit --out has written, or a store of cv --store'),
  )
    .requiredOption('-o, --out <file>', 'the page')
    .option('--title <text>', 'the title')
    .option('-l, --layer <name...>', 'of a fit: layers that are shown; default: all')
    .option('--top <count>', 'of a fit: strongest features and samples of each factor; default 8', whole(1))
    .addHelpText(...examples('factorloom report fit.safetensors --groups cell_type=cells.csv -o fit.html'))
    .action(async (file: string, { out, title, layer, top, groups }: ReportFlags, command: Command) => {
      const talk = talkOf(command);
      if (!['', '.html', '.htm'].includes(extname(out).toLowerCase()))
        throw new UsageError(
          `A page must be written to a file that ends in .html or .htm; got ${out}. A browser prints it`,
        );
      await checkPlace(out, [file]);
      if (await isDatabase(file)) {
        if (layer !== undefined || top !== undefined || groups !== undefined)
          throw new UsageError(
            '--layer, --top and --groups must be given for the report of a fit; got that of a sweep',
          );
        await (await openSweep(file)).report(out, { title });
      } else {
        const fit = await loadFit(file);
        const { H } = fit.layers[layer?.[0] ?? fit.plan.output[0]] ?? fit.layers[fit.plan.output[0]];
        const own = groups && { groups: await groupsOf(groups, H) };
        await fit.report(out, { title, layers: layer, top, ...own });
      }
      if (talk.json) talk.result(String, () => ({ path: out }));
      else talk.say(`wrote ${out}`);
    });

/** What a store of a sweep begins with. */
const MAGIC = 'SQLite format 3\0';

/** False for a file that can't be read, too: who reads it next says why. */
async function isDatabase(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return buffer.toString('latin1') === MAGIC;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
