import type { LayerOutput, Plan, SlotId, SplitStep } from '../compiler/plan.js';
import type { NmfResult } from '../kernels/kernels.js';
import { type DenseMatrix, named } from '../matrix.js';
import { explainedBy } from './explained.js';
import { withViews } from './factor-set.js';
import type { HistoryEntry, LayerFit, Variance } from './fit.js';
import { namesIn } from './named.js';
import { type LayerResult, matrixIn, type RunState } from './state.js';

/** The layers of a run that have been fitted, by name, in the order of the plan. */
export function layerFits(plan: Plan, state: RunState): Readonly<Record<string, LayerFit<string>>> {
  const entries = plan.layers.flatMap((output) => {
    const result = state.results.get(output.layer);
    return result === undefined ? [] : [[output.layer, layerFit(output, result, plan, state)] as const];
  });
  return Object.fromEntries(entries);
}

function layerFit(output: LayerOutput, result: LayerResult, plan: Plan, state: RunState): LayerFit<string> {
  const split = plan.finish.find(({ layer }) => layer === output.layer);
  const center = 'center' in result ? result.center : null;
  const scale = 'scale' in result ? result.scale : null;
  const of = (matrix: DenseMatrix, slot: SlotId) => named(matrix, namesIn(plan, slot));
  const fit = {
    method: output.method,
    W: perPart(split, of(result.W, output.slots.W), (part) => of(matrixIn(state, part.write), part.write)),
    ...conditionPart(split, state),
    d: result.d,
    H: of(result.H, output.slots.H),
    loss: result.loss,
    objective: result.objective,
    iterations: result.iterations,
    restart: result.restart,
    converged: result.stopped === 'converged',
    history: history(result),
    kkt: result.kkt,
    dispersion: result.fittedLoss?.dispersion?.values ?? null,
    zeroInflation: result.fittedLoss?.zeroInflation?.values ?? null,
    center: perPart(split, center, (part) => pick(center, part)),
    scale: perPart(split, scale, (part) => pick(scale, part)),
    variance: varianceOf('left' in result ? result.left : null),
  };
  // The plan splits W as the expression's types say; here the parts are known by name only.
  return Object.freeze(withViews(fit)) as unknown as LayerFit<string>;
}

/** From what the first r pairs leave, r = 0 … k. */
function varianceOf(left: Float64Array | null): Variance | null {
  if (left === null) return null;
  const cumulative = left.subarray(1).map((rest) => explainedBy(rest, left[0]));
  const each = cumulative.map((share, r) => (r === 0 ? share : share - cumulative[r - 1]));
  return Object.freeze({ each, cumulative });
}

type Part = SplitStep['parts'][number];

/** One value per modality where W is split by modality, else the value of the rows that are no condition's. */
function perPart<T>(split: SplitStep | undefined, whole: T, of: (part: Part) => T): T | Readonly<Record<string, T>> {
  const modalities = split?.parts.filter(({ part }) => part === 'modality') ?? [];
  if (modalities.length > 0) return Object.freeze(Object.fromEntries(modalities.map((part) => [part.name, of(part)])));
  const rest = split?.parts.find(({ part }) => part === 'rest');
  return rest === undefined ? whole : of(rest);
}

function conditionPart(split: SplitStep | undefined, state: RunState): { readonly Wcondition?: DenseMatrix } {
  const part = split?.parts.find((candidate) => candidate.part === 'condition');
  return part === undefined ? {} : { Wcondition: matrixIn(state, part.write) };
}

function pick(values: Float64Array | null, { rows }: Part): Float64Array | null {
  return values === null
    ? null
    : Float64Array.from(rows.flatMap(([from, to]) => Array.from(values.subarray(from, to))));
}

function history({ history: { loss, objective } }: NmfResult): readonly HistoryEntry[] {
  return Object.freeze(
    Array.from(loss, (value, i) => Object.freeze({ iteration: i + 1, loss: value, objective: objective[i] })),
  );
}
