import { Argument, Command } from 'commander';
import { writeWhole } from '../../files/write-whole.js';
import {
  type Label,
  loadFit,
  openSweep,
  type Picture,
  plotComposition,
  plotConnections,
  plotGraph,
  plotHeatmap,
  plotImportance,
  plotLoadings,
  plotLoss,
  plotParallel,
  plotPlan,
  plotScatter,
  plotSweep,
  plotSweepHistory,
  plotVariance,
  type SavedFit,
  type SweptPoints,
} from '../../index.js';
import { examples } from '../examples.js';
import { Failure, UsageError } from '../failure.js';
import { columnsAt, type Groups, groupsOf, inGroups, withGroups } from '../groups.js';
import { layerIn } from '../layers.js';
import { checkPlace } from '../places.js';
import { jsonText, talkOf } from '../talk.js';
import { oneOf, whole } from '../values.js';

interface PlotFlags {
  readonly layer?: string;
  readonly top?: number;
  readonly title?: string;
  readonly groups?: Groups;
  readonly out?: string;
}

type Titled = { readonly title?: string };

/** What a picture of a fit is drawn with. */
interface Drawn extends Omit<PlotFlags, 'groups'> {
  readonly groups?: readonly Label[];
  /** What the groups are called. */
  readonly annotationTitle?: string;
}

/** Pictures of a fit. */
const OF_FITS: Readonly<Record<string, (fit: SavedFit, flags: Drawn, titled: Titled) => Picture>> = {
  loss: (fit, { layer }, titled) => plotLoss(layer === undefined ? fit.layers : layerOf(fit, layer), titled),
  variance: (fit, _, titled) => plotVariance(fit, titled),
  loadings: (fit, { layer, top }, titled) => plotLoadings(layerOf(fit, layer), { ...titled, n: top }),
  embedding(fit, { layer, groups, annotationTitle }, titled) {
    const { H } = layerOf(fit, layer);
    const title = { title: 'Embedding', ...titled };
    if (groups === undefined) return plotHeatmap(H, title);
    const order = inGroups(groups);
    const annotation = order.map((j) => groups[j]);
    return plotHeatmap(columnsAt(H, order), { ...title, annotation, annotationTitle });
  },
  scatter(fit, { layer, groups }, titled) {
    const { H, d, method } = layerOf(fit, layer);
    return plotScatter(H, { ...titled, groups, d, pca: method !== 'svd' });
  },
  composition(fit, { layer, groups }, titled) {
    if (groups === undefined) throw new UsageError('composition must be given --groups column=FILE; got none');
    const { H, d } = layerOf(fit, layer);
    return plotComposition(H, { ...titled, groups, d });
  },
  connections: (fit, { layer }, titled) => plotConnections(fit, layerIn(fit, layer), titled),
  graph: (fit, _, titled) => plotGraph(fit, titled),
  plan: (fit, _, titled) => plotPlan(fit, titled),
};

/** Pictures that show what samples belong to. */
const GROUPED: readonly string[] = ['embedding', 'scatter', 'composition'];

/** Pictures of a sweep. */
const OF_SWEEPS: Readonly<
  Record<string, (sweep: SweptPoints & { readonly rows: NonNullable<SweptPoints['rows']> }, titled: Titled) => Picture>
> = {
  sweep: plotSweep,
  history: plotSweepHistory,
  parallel: plotParallel,
  importance: plotImportance,
};

const layerOf = (fit: SavedFit, layer: string | undefined) => fit.layers[layerIn(fit, layer)];

/** What a picture is written as, by the end of a name. */
const WRITTEN: Readonly<Record<string, (picture: Picture) => Promise<string | Uint8Array>>> = {
  svg: (picture) => picture.toSvg(),
  png: (picture) => picture.toPng(),
  html: (picture) => picture.toHtml(),
  json: async ({ spec }) => jsonText(spec),
};

/** `factorloom plot KIND FILE`: a picture of a fit or of a sweep. */
export const plotCommand = (): Command =>
  withGroups(
    new Command('plot')
      .description('Draw a fit, or the store of a sweep')
      .addArgument(kindArgument())
      .argument('<file>', 'a fit that fit --out has written, or a store of cv --store'),
  )
    .option('-l, --layer <name>', 'the layer; default: the output')
    .option('--top <count>', 'features of each factor, of loadings; default 10', whole(1))
    .option('--title <text>', 'the title')
    .option('-o, --out <file>', `write it to this file, .${Object.keys(WRITTEN).join(', .')}; default: SVG to stdout`)
    .addHelpText(
      ...examples(
        'factorloom plot loadings fit.safetensors -o loadings.png',
        'factorloom plot scatter fit.safetensors --groups cell_type=cells.h5ad -o cells.png',
        'factorloom plot sweep ranks.db -o ranks.png',
      ),
    )
    .action(async (kind: string, file: string, flags: PlotFlags, command: Command) => {
      const talk = talkOf(command);
      const { out, title } = flags;
      const written = out === undefined ? undefined : WRITTEN[/\.([^.]*)$/.exec(out)?.[1].toLowerCase() ?? ''];
      if (out !== undefined && written === undefined)
        throw new UsageError(
          `A picture must be written to a file that ends in .${Object.keys(WRITTEN).join(', .')}; got ${out}`,
        );
      if (out !== undefined) await checkPlace(out, [file]);
      const picture = await drawn(kind, file, flags, title === undefined ? {} : { title });
      if (out === undefined || written === undefined) {
        const svg = talk.json ? '' : await picture.toSvg();
        talk.result(
          () => svg,
          () => picture.spec,
        );
        return;
      }
      const content = await written(picture);
      await writeWhole(out, [typeof content === 'string' ? new TextEncoder().encode(content) : content]);
      if (talk.json) talk.result(String, () => ({ path: out }));
      else talk.say(`wrote ${out}`);
    });

function kindArgument(): Argument {
  const kinds = [...Object.keys(OF_FITS), ...Object.keys(OF_SWEEPS)];
  return new Argument('<kind>', 'what is drawn').choices(kinds).argParser(oneOf(kinds));
}

async function drawn(kind: string, file: string, flags: PlotFlags, titled: Titled): Promise<Picture> {
  const { groups, ...others } = flags;
  if (groups !== undefined && !GROUPED.includes(kind))
    throw new UsageError(`--groups must be given for one of ${GROUPED.join(', ')}; got it for ${kind}`);
  if (Object.hasOwn(OF_FITS, kind)) {
    const fit = await loadFit(file);
    const own = groups && {
      groups: await groupsOf(groups, layerOf(fit, flags.layer).H),
      annotationTitle: groups.column,
    };
    return OF_FITS[kind](fit, { ...others, ...own }, titled);
  }
  const { points, rows, eliminated, best, simplest } = await openSweep(file);
  if (best === undefined || simplest === undefined)
    throw new Failure(`A sweep must have a point that is done on every mask to be drawn; got none yet (${file})`);
  return OF_SWEEPS[kind]({ points, rows, eliminated, best, simplest }, titled);
}
