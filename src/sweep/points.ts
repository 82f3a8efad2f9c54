import { compile } from '../compiler/compile.js';
import type { Compiled, Plan } from '../compiler/plan.js';
import { nodeOf } from '../dsl/build.js';
import type { GraphConfig } from '../dsl/config.js';
import type { InputNode, Node } from '../dsl/node.js';
import { GraphError } from '../errors.js';
import { type GraphIssue, type SweepFault, show } from '../issues.js';
import { quickestKernels } from '../kernels/select.js';
import { type Floats, type Matrix, storedValues } from '../matrix.js';
import { lossWords } from '../runtime/loss.js';
import { requireDiagnosable } from './diagnose.js';
import type { SweepOptions } from './options.js';
import { type RowError, rowError } from './rows.js';
import type { Params } from './space.js';
import type { Start } from './warm-start.js';
import { inputsIn } from './with-data.js';

/** A combination of values, and the graph it stands for. */
export interface Point {
  /** Place among the points of the sweep, from 0. */
  readonly index: number;
  readonly params: Params;
  /** Why there is no graph to fit; null: there is one. */
  readonly error: RowError | null;
  readonly node: Node;
  /** The graph with nothing held out. */
  readonly compiled: Compiled | null;
  readonly complexity: number;
  /** The layers, of this point or others, whose factors its own layers start from; those that aren't here start at random. */
  readonly starts: ReadonlyMap<string, Start>;
}

/** The data of each input, by name: the same for all points. */
export type Inputs = ReadonlyMap<string, Matrix>;

const ALONE: Point['starts'] = new Map();

const COMPARED = ' must be the same at every point';

/** Makes points of a sweep, one after the other; what the first graph reads, the others must read too. */
export function pointMaker(options: SweepOptions) {
  const { layerFn, complexity } = options;
  const config: GraphConfig = { ...options.config, seed: 0 };
  let inputs: Inputs | undefined;
  let losses: ReadonlyMap<string, string> | undefined;
  let count = 0;

  const graphOf = (params: Params): Pick<Point, 'node' | 'compiled' | 'complexity'> => {
    const made = called('layerFn', layerFn, params);
    if (typeof made !== 'object' || made === null || !('node' in made))
      throw fault({ code: 'invalid-point', of: 'layerFn', params, got: told(made) });
    const node = nodeOf(made);
    const compiled = compile(node, config, quickestKernels().look);
    if (options.holdOut === 'samples') requireSeparable(compiled.plan);
    if (options.diagnostics) requireDiagnosable(compiled.plan);
    const own = comparable(params, inputsIn(node));
    const measured = lossWords(compiled.plan);
    if (inputs === undefined) inputs = own;
    else requireSame(params, inputs, own);
    losses ??= measured;
    requireSameLosses(params, losses, measured);
    const cost = complexity === undefined ? totalRank(compiled.plan) : called('complexity', complexity, params);
    if (typeof cost !== 'number' || !Number.isFinite(cost))
      throw fault({ code: 'invalid-point', of: 'complexity', params, got: told(cost) });
    return { node, compiled, complexity: cost };
  };

  return {
    /** The data of the inputs; undefined while no point has made a graph. */
    inputs: () => inputs,
    /** @throws GraphError when the point stops the sweep: its graph can't be made. */
    make(given: Params, onError: 'stop' | 'record'): Point {
      const index = count++;
      // There is one zero.
      const params: Params = Object.freeze(
        Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === 0 ? 0 : value])),
      );
      try {
        return Object.freeze({ index, params, error: null, ...graphOf(params), starts: ALONE });
      } catch (error) {
        if (onError === 'stop') throw error;
        const none = { kind: 'concat', inputs: [] } as const;
        return Object.freeze({
          index,
          params,
          error: rowError(error),
          node: none,
          compiled: null,
          complexity: Infinity,
          starts: ALONE,
        });
      }
    },
  };
}

export type PointMaker = ReturnType<typeof pointMaker>;

const fault = (issue: SweepFault) => new GraphError([{ ...issue, at: 'layerFn' }]);

/** @throws GraphError for what is given sample by sample, which whole samples can't be held out of. */
function requireSeparable({ prepare, fit }: Plan): void {
  const issues: GraphIssue[] = [];
  const refuse = (of: string, option: string) =>
    issues.push({
      code: 'incompatible-options',
      of,
      options: { holdOut: 'samples', [option]: 'for each sample' },
      rule: 'Where whole samples are held out, nothing else must be given sample by sample',
      cure: "hold out 'entries'",
      at: 'crossValidateGraph',
    });
  for (const step of prepare) if (step.op === 'align') refuse('factorShared', 'samples');
  for (const step of fit) {
    if (step.op !== 'nmf' && step.op !== 'tied') continue;
    const { layer } = step;
    for (const part of ['dispersion', 'zeroInflation'] as const) {
      const parameter = step.args.loss?.[part];
      if (parameter?.by === 'column' && !parameter.estimate) refuse(`layer '${layer}'`, `loss.${part}`);
    }
    if (step.op === 'tied') continue;
    const { args } = step;
    if (args.start.from === 'given') refuse(`layer '${layer}'`, 'start');
    if (args.H.target !== null) refuse(`layer '${layer}'`, 'H.target');
    if (args.H.graph !== null) refuse(`layer '${layer}'`, 'H.graph');
    if (args.weights?.some(({ samples, entries }) => (samples ?? entries) !== undefined))
      refuse(`layer '${layer}'`, 'weights');
  }
  if (issues.length > 0) throw new GraphError(issues);
}

/** What a function of the caller makes of a point. */
function called<R>(of: 'layerFn' | 'complexity', make: (params: never) => R, params: Params): unknown {
  let made: unknown;
  try {
    made = make(params as never); // the parameters are those of the space that it was typed with
  } catch (error) {
    if (error instanceof GraphError) throw error;
    const got = `an error, ${error instanceof Error ? `'${error.message}'` : show(error)},`;
    throw fault({ code: 'invalid-point', of, params, got });
  }
  // It is refused: what becomes of it is nobody's concern.
  if (made instanceof Promise) made.catch(() => undefined);
  return made;
}

const told = (made: unknown): string => (made instanceof Promise ? 'a promise' : show(made));

/** The ranks of all layers. */
function totalRank({ layers, slots }: Plan): number {
  return layers.reduce((sum, { slots: { d } }) => sum + slots[Number(d.slice(1))].shape[0], 0);
}

/** The inputs of a graph that compiles; one that was made by hand has been turned and masked by then. */
function comparable(params: Params, nodes: readonly InputNode[]): Inputs {
  const found = new Map<string, Matrix>();
  for (const { options, data } of nodes) {
    if (data.kind === 'unusable')
      throw fault({ code: 'invalid-point', of: 'layerFn', params, got: `no data for input '${options.name}'` });
    if (data.kind === 'streamed') throw new GraphError([streamedInput(options.name)]);
    found.set(options.name, data);
  }
  return found;
}

const streamedInput = (name: string): GraphIssue => ({
  code: 'incompatible-options',
  of: `input '${name}'`,
  options: { stream: true },
  rule: 'The data of a sweep must be in memory, since parts of them are held out',
  cure: 'leave out stream',
  at: `input '${name}'`,
});

function requireSame(params: Params, wanted: Inputs, found: Inputs): void {
  const list = (inputs: Inputs) => [...inputs.keys()].map((name) => `'${name}'`).join(', ');
  const names = new Set([...wanted.keys(), ...found.keys()]);
  if (names.size !== wanted.size || names.size !== found.size)
    throw fault({
      code: 'different-inputs',
      params,
      rule: `The inputs${COMPARED}`,
      got: `${list(found)} where ${list(wanted)} came first`,
    });
  for (const [name, data] of wanted) {
    const other = found.get(name);
    if (other !== undefined && sameMatrix(data, other)) continue;
    const got = other === undefined ? 'none' : `${other.rows} × ${other.cols} of other numbers`;
    throw fault({
      code: 'different-inputs',
      params,
      rule: `The data of input '${name}', its mask among them,${COMPARED}`,
      got,
    });
  }
}

/** Losses have units of their own. */
function requireSameLosses(params: Params, wanted: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>) {
  for (const [name, words] of wanted) {
    const got = found.get(name);
    if (got === words || got === undefined) continue;
    const rule = `The loss of the layers that read input '${name}'${COMPARED}`;
    throw fault({ code: 'different-inputs', params, rule, got: `${got} where ${words} came first` });
  }
}

function sameMatrix(a: Matrix, b: Matrix): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.rows !== b.rows || a.cols !== b.cols) return false;
  if (a.kind === 'csc' && b.kind === 'csc') {
    if ((a.unlisted ?? 'zero') !== (b.unlisted ?? 'zero')) return false;
    if (!sameNumbers(a.indptr, b.indptr) || !sameNumbers(a.indices, b.indices)) return false;
  }
  if (a.kind === 'dense' && b.kind === 'dense' && (a.order ?? 'columns') !== (b.order ?? 'columns')) return false;
  return sameNumbers(storedValues(a), storedValues(b));
}

function sameNumbers(a: Floats | Uint32Array, b: Floats | Uint32Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length || a.constructor !== b.constructor) return false;
  for (let p = 0; p < a.length; p++) if (!Object.is(a[p], b[p])) return false;
  return true;
}
