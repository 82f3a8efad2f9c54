import type { LayerStep } from '../compiler/plan.js';
import type { Looks } from './fit-point.js';
import { isLayer, iterationCosts, layerKeys, layersBelow, racesOf } from './merge.js';
import type { Inputs, Point } from './points.js';
import type { Masking } from './replicate.js';
import type { Rung, Search } from './strategies/strategy.js';
import { type LayerOf, placeOf } from './warm-start.js';

interface Merged {
  readonly layer: string;
  readonly step: LayerStep;
  readonly points: number[];
  /** Where it starts; undefined: at random. */
  readonly from: LayerOf | undefined;
  /** Multiply-adds, if it takes all its iterations. */
  readonly cost: number;
}

/** Which layers points share, on any one mask. */
function merged(points: readonly Point[]): readonly Merged[] {
  const found = new Map<string, Merged>();
  for (const { index, compiled, starts } of points) {
    if (compiled === null) continue;
    const { plan } = compiled;
    const [keys, costs] = [layerKeys(compiled, 0), iterationCosts(plan)];
    for (const step of plan.fit.filter(isLayer)) {
      const key = keys.get(step.layer) ?? '';
      const known = found.get(key);
      if (known !== undefined) known.points.push(index);
      else {
        const cost = (costs.get(step.layer) ?? 0) * (step.args.maxIter + racesOf(step));
        found.set(key, { layer: step.layer, step, points: [index], from: starts.get(step.layer), cost });
      }
    }
  }
  return [...found.values()];
}

/**
 * Multiply-adds of all rungs on a mask, if layers take all the iterations they may: of those that go on, from where they were
 * unless a layer below them went on, and the points are those that cost most.
 */
function mostWork(points: readonly Point[], rungs: readonly Rung[]): number {
  const plans = points.flatMap(({ compiled }) =>
    compiled === null
      ? []
      : [
          {
            ...compiled,
            keys: layerKeys(compiled, 0),
            costs: iterationCosts(compiled.plan),
            below: layersBelow(compiled.plan),
          },
        ],
  );
  return rungs.reduce((sum, { points: count, budget }, r) => {
    const before = r === 0 ? 0 : (rungs[r - 1].budget ?? 0);
    const shared = new Map<string, number>();
    const each = plans.map(({ plan, keys, costs, below }) => {
      const goesOn = new Set<string>();
      return plan.fit.filter(isLayer).reduce((all, step) => {
        const {
          op,
          layer,
          args: { maxIter },
        } = step;
        const anew = r === 0 || (below.get(layer) ?? []).some((name) => goesOn.has(name));
        const [from, to] =
          op === 'nmf' ? [Math.min(before, maxIter), Math.min(budget ?? maxIter, maxIter)] : [maxIter, maxIter];
        if (anew || to > from) goesOn.add(layer);
        // Where it was left is one iteration back.
        const iterations = anew ? racesOf(step) + to : to > from ? to - from + 1 : 0;
        const cost = (costs.get(layer) ?? 0) * iterations;
        shared.set(keys.get(layer) ?? layer, cost);
        return all + cost;
      }, 0);
    });
    const dearest = each.sort((a, b) => b - a).slice(0, count);
    return sum + Math.min(total([...shared.values()]), total(dearest));
  }, 0);
}

const total = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0);

const much = (x: number): string => {
  const units = ['', ' k', ' M', ' G', ' T', ' P'];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, x)) / 3)));
  return `${Number((x / 1000 ** at).toPrecision(3))}${units[at]}`;
};

const startText = (from: LayerOf): string =>
  `${Object.entries(placeOf(from))
    .map(([name, value]) => `${name}=${Number(value.toPrecision(6))}`)
    .join(' ')} of point ${from.point.index}`;

const MOST_LINES = 40;

/** The merged plan as text. */
export function explainSweep(
  points: readonly Point[],
  {
    reps,
    masking,
    inputs,
    search,
    looks,
    diagnostics,
    warmStart,
  }: {
    readonly reps: number;
    readonly masking: Masking;
    readonly inputs: Inputs;
    readonly search: Search;
    readonly looks: Looks | null;
    readonly diagnostics: boolean;
    readonly warmStart: boolean;
  },
): string {
  const steps = merged(points);
  const warm = steps.filter(({ from }) => from !== undefined).length;
  const asked = steps.reduce((sum, { points: own }) => sum + own.length, 0);
  const alone = steps.reduce((sum, { points: own, cost }) => sum + own.length * cost, 0);
  const shared = mostWork(points, search.rungs);
  const more = search.rungs[0].points > points.length ? `, for the first ${points.length} points` : '';
  const held = [...inputs].map(([name, { rows, cols }]) => `${name} ${rows}×${cols}`).join(', ');
  const lines = steps.slice(0, MOST_LINES).map(({ layer, step, points: own, from, cost }) => {
    const of =
      own.length === points.length ? 'all points' : own.length === 1 ? `point ${own[0]}` : `points ${own.join(', ')}`;
    return `  ${step.op} ${layer} k=${step.args.k}  ${of}${from === undefined ? '' : `  from ${startText(from)}`}  ≤ ${much(cost)} multiply-adds`;
  });
  if (steps.length > MOST_LINES) lines.push(`  … and ${steps.length - MOST_LINES} more`);
  const broken = points.filter(({ error }) => error !== null);
  return [
    `sweep of ${points.length} points on ${reps} ${reps === 1 ? 'mask' : 'masks'}, seed ${masking.seed}`,
    ...search.says,
    `hold out ${masking.kind}, ${100 * masking.fraction}% of ${held}`,
    ...(looks === null
      ? []
      : [`look every ${looks.every} iterations, end after ${looks.patience} looks without a lower error`]),
    ...(diagnostics ? [`diagnose NMF layers by how far their fits on ${reps} masks agree`] : []),
    'fit, once for each mask',
    ...lines,
    `layers asked for: ${asked} × ${reps} = ${asked * reps}; to fit: ${steps.length} × ${reps} = ${steps.length * reps}`,
    `multiply-adds at most: ${much(shared * reps)} of ${much(alone * reps)} (${alone === 0 ? 100 : Math.round((100 * shared) / alone)}%)${more}`,
    ...(warmStart ? [`layers that start from another one: ${warm} of ${steps.length}`] : []),
    ...broken.map(({ index, error }) => `point ${index} can't be fitted: ${error?.message}`),
  ].join('\n');
}
