import { Argument, type Command } from 'commander';
import {
  type FileMatrix,
  type GraphConfig,
  type InputExpr,
  loadGraph,
  nmfLayer,
  type ReadGraph,
  svdLayer,
} from '../index.js';
import { isGraphFile } from '../io/graph-file.js';
import { UsageError } from './failure.js';
import { type InputFlags, makeInputs, readInputs, withInputs } from './inputs.js';
import { exportsOf } from './programs.js';
import { choice, number, whole } from './values.js';

type Output = ReadGraph['output'];

/** Losses that take no number. */
const LOSSES = ['mse', 'kl', 'gamma', 'inverse-gaussian', 'nb', 'gp', 'mae'] as const;

/** What a single layer is called where nobody says it. */
const LAYER = 'layer';

/** Options that say what the graph is. */
export const withGraph = (command: Command): Command =>
  withOneLayer(
    withInputs(command.addArgument(graphArgument())).option(
      '-k, --k <rank>',
      'one layer of this rank on one --input',
      whole(1),
    ),
  ).option(
    '--stream',
    'leave the .npy and .spz files of --input where they are, and walk through them once an iteration',
  );

export const graphArgument = (): Argument =>
  new Argument(
    '[graph]',
    'graph.ts or .js (its default export: a graph, or a function of inputs), or a graph file .json, .yaml',
  );

/** What a layer is that no graph describes, and what `factorNet` takes beside a graph. */
export const withOneLayer = (command: Command): Command =>
  command
    .addOption(choice('--method <method>', 'of that layer; default nmf', ['nmf', 'svd']))
    .addOption(choice('--loss <loss>', 'of that layer; default mse', LOSSES))
    .option('--name <name>', `what that layer is called; default ${LAYER}`)
    .option('--seed <seed>', 'a whole number: the same one gives the same result', whole(0))
    .option('--max-iter <iterations>', 'most iterations of NMF layers', whole(1))
    .option('--tol <tol>', 'when NMF layers have converged', number(0));

/** What `withOneLayer` has found. */
export interface LayerFlags {
  readonly method?: 'nmf' | 'svd';
  readonly loss?: (typeof LOSSES)[number];
  readonly name?: string;
  readonly seed?: number;
  readonly maxIter?: number;
  readonly tol?: number;
}

/** What `withGraph` has found. */
export interface GraphFlags extends InputFlags, LayerFlags {
  readonly k?: number;
  readonly stream?: true;
}

/** A graph, and the data of --input in it. */
export interface GraphOnData extends ReadGraph {
  readonly data: ReadonlyMap<string, FileMatrix>;
}

/** The graph of a program or a file on its data, or one layer; options go before what the graph says. */
export async function graphOf(file: string | undefined, flags: GraphFlags): Promise<GraphOnData> {
  const { output, config, data } = file === undefined ? await oneLayerOn(flags) : await graphIn(file, flags);
  return { output, config: { ...config, ...configOf(flags) }, data };
}

/** What flags say of a graph. */
export const configOf = ({ seed, maxIter, tol }: LayerFlags): GraphConfig => ({
  ...(seed === undefined ? {} : { seed }),
  ...(maxIter === undefined ? {} : { maxIter }),
  ...(tol === undefined ? {} : { tol }),
});

async function oneLayerOn(flags: GraphFlags): Promise<GraphOnData> {
  const { k } = flags;
  if (k === undefined || flags.input?.length !== 1) throw noGraph(k, flags.input?.length ?? 0);
  const { made, data } = await makeInputs(flags, flags.stream === true);
  const [input] = made.values();
  return { output: oneLayer(input, k, flags), config: {}, data };
}

/** Of what there is neither a graph nor all that one layer needs. */
export function noGraph(k: unknown, inputs: number): UsageError {
  const given = inputs === 1 ? 'one --input' : `${inputs} --input`;
  return new UsageError(
    `There must be a graph, or --k and one --input; got ${k === undefined ? 'no --k' : '--k'} and ${given}. See --help`,
  );
}

/** The only layer of a graph. */
export function oneLayer(
  input: InputExpr<string>,
  k: number,
  { method = 'nmf', loss, name = LAYER }: LayerFlags,
): Output {
  if (method === 'nmf') return nmfLayer(input, { name, k, ...(loss === undefined ? {} : { loss }) });
  if (loss !== undefined) throw new UsageError('--loss must be given for an NMF layer; got --method svd');
  return svdLayer(input, { name, k });
}

async function graphIn(file: string, flags: GraphFlags): Promise<GraphOnData> {
  if (!isGraphFile(file)) checkProgram(file);
  refuseLayer(flags);
  if (isGraphFile(file) && flags.stream === true)
    throw new UsageError('--stream must be given for a graph that is a program, or for --k; got a graph file');
  if (isGraphFile(file)) {
    const data = await readInputs(flags);
    return { ...(await loadGraph(file, Object.fromEntries(data))), data };
  }
  const { graph, config } = await graphModule(file);
  const { made: own, data } = await makeInputs(flags, flags.stream === true);
  if (typeof graph !== 'function') {
    const [first] = own.keys();
    if (first !== undefined)
      throw new UsageError(
        `A graph must be a function of inputs to be given --input; got one with its own data, and ${first}`,
      );
    return { output: asOutput(graph), config, data };
  }
  const inputs = inputsOf(own);
  const output = asOutput(await graph(inputs.byName));
  inputs.checkAsked();
  return { output, config, data };
}

/** Flags of a single layer don't go with a graph. */
export function refuseLayer(flags: GraphFlags): void {
  const given = (['k', 'method', 'loss', 'name'] as const).find((name) => flags[name] !== undefined);
  if (given !== undefined)
    throw new UsageError(`--${given} must be given without a graph, which has layers of its own; got both`);
}

/** What a program says of a graph. */
export interface GraphModule {
  /** The graph, or a function that makes it. */
  readonly graph: unknown;
  readonly config: GraphConfig;
  readonly params: unknown;
}

/** Data are often what stands there in place of a graph. */
export function checkProgram(file: string): void {
  if (!/\.[cm]?[jt]s$/.test(file))
    throw new UsageError(
      `A graph must be a program, .ts or .js, or a graph file, .json or .yaml; got ${file}. Data are given by --input ${file}`,
    );
}

export async function graphModule(file: string): Promise<GraphModule> {
  checkProgram(file);
  const found = await exportsOf(file);
  const graph = await (found.default ?? found.graph);
  if (graph === undefined)
    throw new UsageError(
      `A graph must be the default export of its program, or one named graph; got ${Object.keys(found).join(', ') || 'none'} (${file})`,
    );
  // What is wrong with it is for factorNet to say.
  return { graph, config: (found.config ?? {}) as GraphConfig, params: found.params };
}

/** Whatever it is, factorNet says what is wrong with it. */
export const asOutput = (made: unknown): Output => made as Output;

/** Inputs by name, as a graph asks for them. */
export interface Inputs {
  /** @throws UsageError for an input that isn't there. */
  readonly byName: Readonly<Record<string, InputExpr<string>>>;
  /** @throws UsageError where one has not been asked for. */
  checkAsked(): void;
}

export function inputsOf(made: ReadonlyMap<string, InputExpr<string>>): Inputs {
  const own = Object.fromEntries(made);
  const asked = new Set<string | symbol>();
  const byName = new Proxy(own, {
    get(_, name) {
      asked.add(name);
      if (typeof name === 'string' && !Object.hasOwn(own, name))
        throw new UsageError(`The graph asks for the input ${name}: give it by --input ${name}=FILE`);
      return Reflect.get(own, name);
    },
  });
  return {
    byName,
    checkAsked() {
      const idle = Object.keys(own).find((name) => !asked.has(name));
      if (idle === undefined) return;
      const names = [...asked].map(String).join(', ') || 'none';
      throw new UsageError(`Every --input must be one that the graph asks for; got ${idle}, and it asks for ${names}`);
    },
  };
}
