import type { LayerStep, NmfStep, NmfStepArgs, PlannedTerms, TiedStep } from '../compiler/plan.js';
import { methodOf } from '../compiler/resolve.js';
import type { GraphConfig } from '../dsl/config.js';
import { type LayerNode, type Node, upstream } from '../dsl/node.js';
import { GraphError } from '../errors.js';
import { hashOfText } from '../io/hash.js';
import { type GraphIssue, pointText } from '../issues.js';
import type { StartStep } from './fit-point.js';
import { layerContents } from './merge.js';
import type { Point } from './points.js';
import type { Masked } from './replicate.js';
import { nameOfPoint } from './space.js';

/** A layer of a point. */
export interface LayerOf {
  readonly point: Point;
  readonly layer: string;
  readonly step: LayerStep;
}

/** A layer that another one starts from. */
export interface Start extends LayerOf {
  /** Tells all that led to it from what leads elsewhere. */
  readonly path: string;
}

type Step = NmfStep | TiedStep;
type Own = LayerOf & { readonly step: Step };

/**
 * Points that know whom their layers start from. Layers that read the same, and are told the same but for their rank and
 * penalties, lie on one path. A layer starts from one of its own rank whose penalties are nowhere above its own, and of these
 * from that of the largest, W's compared before H's; where there is none from that of the next lower rank with its penalties.
 * So it depends on which points there are, not on their order, and nobody starts from who starts from it.
 *
 * @throws GraphError 'incompatible-options' for layers that can't start from the one that they should.
 */
export function onPaths(points: readonly Point[], config: GraphConfig = {}): readonly Point[] {
  const paths = new Map<string, Map<string, Own>>();
  const found: { readonly layer: Own; readonly path: Map<string, Own>; readonly key: string }[] = [];
  const linked = points.map((point): Point => {
    const own: Point = Object.freeze({ ...point, starts: new Map<string, Start>() });
    if (own.compiled === null) return own;
    const nodes = layerNodes(own.node);
    for (const [layer, { step, read, textOf, key }] of layerContents(own.compiled, 0)) {
      const node = nodes.get(layer);
      if (step.op === 'svd' || node?.method !== 'nmf') continue;
      // The rank decides some arguments where nothing is said: what is said counts.
      const { sweeps, accelerate } = methodOf(node.spec, config, null);
      const name = `${step.op}(${read} ${textOf({ ...bare(step), sweeps, accelerate })})`;
      const path = paths.get(name) ?? new Map<string, Own>();
      paths.set(name, path);
      const self = { point: own, layer, step };
      found.push({ layer: self, path, key });
      const known = path.get(key);
      // Of points that have it in common, the same one in any order.
      if (known === undefined || nameOfPoint(own.params) < nameOfPoint(known.point.params)) path.set(key, self);
    }
    return own;
  });
  const issues = new Map<string, GraphIssue>();
  const starts = new Map([...paths.values()].flatMap(startsOn));
  for (const { layer, path, key } of found) {
    const start = starts.get(path.get(key) ?? layer);
    if (start === undefined) continue;
    // It was made above, and is written to here alone.
    (layer.point.starts as Map<string, Start>).set(layer.layer, start);
    const fault = faultOf(layer);
    if (fault !== undefined) issues.set(JSON.stringify(fault), fault);
  }
  if (issues.size > 0) throw new GraphError([...issues.values()]);
  return linked;
}

/** The layers that one starts from, and that these start from: the nearest first. */
export function chainOf({ starts }: Point, layer: string): readonly Start[] {
  const chain: Start[] = [];
  for (let from = starts.get(layer); from !== undefined; from = from.point.starts.get(from.layer)) chain.push(from);
  return chain;
}

/** Where a layer is on its path. */
export const placeOf = ({ step }: LayerOf): Readonly<Record<string, number>> => ({
  k: step.args.k,
  ...Object.fromEntries(penaltiesOf(step).filter(([, value]) => value > 0)),
});

/** For each layer of a point that starts from another one what tells its path from others. */
export const pathsTo = ({ starts }: Point): ReadonlyMap<string, string> =>
  new Map([...starts].map(([layer, { path }]) => [layer, path]));

/** The graph of a point on a mask, and the keys of its layers. */
export interface OnMask {
  readonly masked: Masked;
  readonly keys: ReadonlyMap<string, string>;
}

/** A fit that a layer starts from, as one of what the layer itself reads. */
export function startStep(own: OnMask, layer: string, from: LayerOf, other: OnMask): StartStep {
  const [args, { W, H, ...rest }] = [argsOf(own, layer), argsOf(other, from.layer)];
  // Matrices are the same, under the names that they have here.
  const terms = (here: PlannedTerms, there: PlannedTerms) => ({ ...there, graph: here.graph, target: here.target });
  return {
    name: pointText(from.point.params),
    key: other.keys.get(from.layer) ?? from.layer,
    args: { ...rest, W: terms(args.W, W), H: terms(args.H, H), start: args.start, weights: args.weights },
  };
}

function argsOf({ masked }: OnMask, layer: string): NmfStepArgs {
  const step = masked.plan.fit.find((one) => one.op === 'nmf' && one.layer === layer);
  if (step?.op !== 'nmf') throw new TypeError('a layer on a path must be an NMF layer of its plan');
  return step.args;
}

const PENALTIES = ['L1', 'L2', 'L21', 'angular'] as const;

function penaltiesOf(step: LayerStep): readonly (readonly [name: string, value: number])[] {
  if (step.op !== 'nmf') return [];
  return (['W', 'H'] as const).flatMap((side) =>
    PENALTIES.map((name) => [`${side}.${name}`, step.args[side][name]] as const),
  );
}

/** What layers on one path have in common. */
function bare({ op, args }: Step): object {
  const less = (terms: PlannedTerms) => ({ ...terms, L1: 0, L2: 0, L21: 0, angular: 0 });
  // The matrices of starts that are given differ from rank to rank.
  const start = args.start.from === 'given' ? 'given' : args.start;
  if (op === 'tied') return { ...args, k: 0 };
  return { ...args, k: 0, start, missing: null, W: less(args.W), H: less(args.H) };
}

/** A layer with its numbers. */
interface Placed {
  readonly layer: Own;
  readonly k: number;
  readonly penalties: readonly number[];
}

const placed = (layer: Own): Placed => ({
  layer,
  k: layer.step.args.k,
  penalties: penaltiesOf(layer.step).map(([, value]) => value),
});

/** Who starts from whom on a path. */
function startsOn(path: ReadonlyMap<string, Own>): readonly (readonly [Own, Start])[] {
  // Whoever is started from comes first.
  const sorted = [...path.values()].map(placed).sort((a, b) => a.k - b.k || compared(a.penalties, b.penalties));
  const starts = new Map<Own, Start>();
  for (const [at, one] of sorted.entries()) {
    const from = nearest(sorted, at);
    if (from === undefined) continue;
    const led = `${JSON.stringify(placeOf(from))} ${starts.get(from)?.path ?? ''}`;
    starts.set(one.layer, { ...from, path: hashOfText(led) });
  }
  return [...starts];
}

/** The layer of a sorted path that one of it starts from. */
function nearest(sorted: readonly Placed[], at: number): Own | undefined {
  const { k, penalties } = sorted[at];
  for (let p = at - 1; p >= 0 && sorted[p].k === k; p--)
    if (!sorted[p].penalties.some((value, side) => value > penalties[side])) return sorted[p].layer;
  for (let p = at - 1; p >= 0; p--)
    if (sorted[p].k < k && compared(sorted[p].penalties, penalties) === 0) return sorted[p].layer;
  return undefined;
}

/** By the first number that isn't the same. */
function compared(a: readonly number[], b: readonly number[]): number {
  const p = a.findIndex((value, at) => value !== b[at]);
  return p === -1 ? 0 : a[p] - b[p];
}

const AT = 'crossValidateGraph';

/** Why a layer can't start from another one. */
function faultOf({ layer, step: { op, args } }: Own): GraphIssue | undefined {
  const refused = (given: object, rule: string, cure: string): GraphIssue => {
    const options = { warmStart: true, ...given };
    return { code: 'incompatible-options', of: `layer '${layer}'`, options, rule, cure, at: AT };
  };
  const only = 'A layer that starts from another one must have no other start';
  if (op === 'tied')
    return refused(
      { [args.form]: true },
      'A layer that starts from another one must have an H of its own',
      'leave warmStart out',
    );
  if (args.start.from !== 'random')
    return refused({ start: args.start.from }, only, "leave warmStart out, or take start 'random'");
  if (args.start.rng === 'R')
    return refused(
      { rng: 'R' },
      'A layer that starts from another one must draw the factors that are new by their place',
      'leave warmStart or rng out',
    );
  if (args.restarts > 1) return refused({ restarts: args.restarts }, only, 'leave warmStart or restarts out');
  return undefined;
}

/** The layers of a graph by name. */
function layerNodes(output: Node): ReadonlyMap<string, LayerNode> {
  const found = new Map<string, LayerNode>();
  const seen = new Set<Node>();
  const waiting = [output];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'layer') found.set(node.spec.name, node);
    waiting.push(...upstream(node));
  }
  return found;
}
