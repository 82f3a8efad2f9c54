import type { LayerStep } from '../compiler/plan.js';
import { iterationCosts, layerKeys } from './merge.js';
import type { Inputs, Point } from './points.js';
import type { Masking } from './replicate.js';

interface Merged {
  readonly layer: string;
  readonly step: LayerStep;
  readonly points: number[];
  /** Multiply-adds, if it takes all its iterations. */
  readonly cost: number;
}

/** Which layers points share, on any one mask. */
function merged(points: readonly Point[]): readonly Merged[] {
  const found = new Map<string, Merged>();
  for (const { index, compiled } of points) {
    if (compiled === null) continue;
    const { plan } = compiled;
    const [keys, costs] = [layerKeys(compiled, 0), iterationCosts(plan)];
    for (const step of plan.fit) {
      if (step.op !== 'nmf' && step.op !== 'tied' && step.op !== 'svd') continue;
      const key = keys.get(step.layer) ?? '';
      const known = found.get(key);
      if (known !== undefined) known.points.push(index);
      else {
        const cost = (costs.get(step.layer) ?? 0) * step.args.maxIter;
        found.set(key, { layer: step.layer, step, points: [index], cost });
      }
    }
  }
  return [...found.values()];
}

const much = (x: number): string => {
  const units = ['', ' k', ' M', ' G', ' T', ' P'];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, x)) / 3)));
  return `${Number((x / 1000 ** at).toPrecision(3))}${units[at]}`;
};

const MOST_LINES = 40;

/** The merged plan as text. */
export function explainSweep(
  points: readonly Point[],
  { reps, masking, inputs }: { readonly reps: number; readonly masking: Masking; readonly inputs: Inputs },
): string {
  const steps = merged(points);
  const asked = steps.reduce((sum, { points: own }) => sum + own.length, 0);
  const alone = steps.reduce((sum, { points: own, cost }) => sum + own.length * cost, 0);
  const shared = steps.reduce((sum, { cost }) => sum + cost, 0);
  const held = [...inputs].map(([name, { rows, cols }]) => `${name} ${rows}×${cols}`).join(', ');
  const lines = steps.slice(0, MOST_LINES).map(({ layer, step, points: own, cost }) => {
    const of =
      own.length === points.length ? 'all points' : own.length === 1 ? `point ${own[0]}` : `points ${own.join(', ')}`;
    return `  ${step.op} ${layer} k=${step.args.k}  ${of}  ≤ ${much(cost)} multiply-adds`;
  });
  if (steps.length > MOST_LINES) lines.push(`  … and ${steps.length - MOST_LINES} more`);
  const broken = points.filter(({ error }) => error !== null);
  return [
    `sweep of ${points.length} points on ${reps} ${reps === 1 ? 'mask' : 'masks'}, seed ${masking.seed}`,
    `hold out ${masking.kind}, ${100 * masking.fraction}% of ${held}`,
    'fit, once for each mask',
    ...lines,
    `layers asked for: ${asked} × ${reps} = ${asked * reps}; to fit: ${steps.length} × ${reps} = ${steps.length * reps}`,
    `multiply-adds at most: ${much(shared * reps)} of ${much(alone * reps)} (${alone === 0 ? 100 : Math.round((100 * shared) / alone)}%)`,
    ...broken.map(({ index, error }) => `point ${index} can't be fitted: ${error?.message}`),
  ].join('\n');
}
