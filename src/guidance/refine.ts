import type { Compiled, LoadStep, NmfStep, Plan, Slot, SlotId } from '../compiler/plan.js';
import { checkOptions } from '../dsl/check-options.js';
import { refineOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import { type Fault, show } from '../issues.js';
import type { Label } from '../labels.js';
import { type DenseMatrix, scaleColumns } from '../matrix.js';
import { type FitOptions, fitCompiled } from '../net/net.js';
import type { GraphFit } from '../runtime/fit.js';
import { type Kept, keptOf } from '../runtime/kept.js';
import { computeTarget } from './compute-target.js';

export interface RefineOptions extends Omit<FitOptions, 'checkpoint'> {
  /** The NMF layer to guide, whose H is fitted and not given by W; default: the only one. */
  readonly layer?: string | undefined;
  /** As `targetLambda` of H: above 0 labels are drawn apart, below 0 what tells them apart is taken out. Default 0.3. */
  readonly lambda?: number | undefined;
  /** How often a target is computed from H and the graph fitted to it again, a whole number ≥ 1; default 1. */
  readonly cycles?: number | undefined;
  /** See `computeTarget`; default false. */
  readonly whiten?: boolean | undefined;
}

/**
 * The same graph on the same data, one of its layers guided by labels: the target is computed from the layer's H, and all
 * layers are fitted again, the guided one from where it was. Factors keep their order. A layer has one target: one that it
 * had already is replaced.
 *
 * @param fit What `fit()` returned, as it came; the data must not have been changed since.
 * @param labels One for each sample; null or undefined where there is none.
 * @returns A fit of the same graph.
 * @throws GraphError 'incompatible-options' for a fit that was trained jointly, and for a layer of another solver than
 * 'hals' or with a target of the other sign; 'invalid-data' for what is no fit or for labels that don't fit, 'unknown-option', 'invalid-option'.
 * @throws What `fit()` throws.
 * @example
 * const apart = await refine(fit, islands, { lambda: 0.3, cycles: 2 });
 */
export async function refine<F extends object>(
  fit: F,
  labels: ArrayLike<Label>,
  options: RefineOptions = {},
): Promise<F> {
  checkOptions(refineOptions, options, 'refine');
  const { layer, lambda = 0.3, cycles = 1, whiten, ...fitOptions } = options;
  const from = whole(fit);
  const step = guidable(from.plan, layer);
  const before = step.args.H.target;
  const { solver } = step.args;
  if (solver !== 'hals')
    throw fault(
      refused(
        { layer: step.layer, solver },
        "A layer that is refined must have solver 'hals'",
        "fit it with solver: 'hals'",
      ),
    );
  if (from.plan.joint !== null)
    throw fault(refused({ training: 'joint' }, 'A fit that is refined must be layerwise', 'leave training out'));
  if (before !== null && before.lambda * lambda < 0) {
    const rule = 'A layer must have one target: what it was freed of would come back, or what it was drawn to be lost';
    throw fault(refused({ lambda, targetLambda: before.lambda }, rule, `guide another layer, or say the same sign`));
  }
  let refined: GraphFit | undefined;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const { state } = refined === undefined ? from : whole(refined);
    const result = state.results.get(step.layer);
    if (result === undefined)
      throw fault({ code: 'invalid-data', of: 'refine', rule: 'a whole fit', got: 'a part of one' });
    const { W, d, H } = result;
    const guidance = { T: computeTarget(H, labels, { whiten }), lambda, W: scaleColumns(W, d), H };
    refined = await fitCompiled(guided(from, step, guidance), fitOptions);
  }
  // It is made from the plan of a fit of this type.
  return refined as unknown as F;
}

const refused = (options: Readonly<Record<string, unknown>>, rule: string, cure: string): Fault => ({
  code: 'incompatible-options',
  of: 'refine',
  options,
  rule,
  cure,
});

const fault = (found: Fault) => new GraphError([{ ...found, at: 'refine' }]);

/** What a fit was made of. */
function whole(fit: unknown) {
  const kept: Kept | undefined = keptOf(fit);
  const rule = 'what fit() returned, as it came';
  if (kept === undefined) throw fault({ code: 'invalid-data', of: 'refine', rule, got: show(fit) });
  if (!('get' in kept.inputs))
    throw fault({ code: 'invalid-data', of: 'refine', rule, got: 'a fit that was loaded, without its data' });
  const streams = streamsOf(kept);
  return { plan: kept.plan, bindings: kept.inputs, streams, state: kept.state, seed: kept.summary.seed };
}

/** What is still to be read from its file, as the graph had it. */
const streamsOf = ({ state, plan }: Kept): Compiled['streams'] =>
  new Map(
    Array.from(state.streams, ([slot, { matrix }]) => [slot, { matrix, at: plan.slots[Number(slot.slice(1))].label }]),
  );

function guidable(plan: Plan, name: string | undefined): NmfStep {
  const steps = plan.fit.filter((step) => step.op === 'nmf');
  const found = name === undefined && steps.length === 1 ? steps[0] : steps.find((step) => step.layer === name);
  if (found !== undefined) return found;
  const rule = `the name of an NMF layer that is neither symmetric nor projective: ${steps.map((step) => `'${step.layer}'`).join(', ')}`;
  throw fault({ code: 'invalid-option', of: 'refine', option: 'layer', rule, got: name });
}

interface Guidance {
  readonly T: DenseMatrix;
  readonly lambda: number;
  readonly W: DenseMatrix;
  readonly H: DenseMatrix;
}

/** The plan with one of its layers drawn to a target, from where it was. */
function guided(
  { plan, bindings, streams, seed }: ReturnType<typeof whole>,
  step: NmfStep,
  { T, lambda, W, H }: Guidance,
) {
  const slots: Slot[] = [...plan.slots];
  const prepare: LoadStep[] = [];
  const bound = new Map(bindings);
  const load = (source: LoadStep['source'], name: string, matrix: DenseMatrix): SlotId => {
    const write: SlotId = `%${slots.length}`;
    const { rows, cols, data } = matrix;
    slots.push({ id: write, label: name, shape: [rows, cols], entries: data.length, nonzeros: data.length, bytes: data.byteLength }); // biome-ignore format: one thought
    prepare.push({ op: 'load', source, name, layout: 'columns', precision: 'f64', missing: 0, write });
    bound.set(write, matrix);
    return write;
  };
  const { layer, args } = step;
  const drawn: NmfStep = {
    ...step,
    args: {
      ...args,
      restarts: 1,
      H: {
        ...args.H,
        target: lambda === 0 ? null : { matrix: load('term', `H target of ${layer}`, T), lambda, scale: 'factor' },
      },
      start: { from: 'given', W: load('start', `start W of ${layer}`, W), H: load('start', `start H of ${layer}`, H) },
    },
  };
  return {
    plan: {
      ...plan,
      seed,
      slots,
      prepare: [...plan.prepare, ...prepare],
      fit: plan.fit.map((other) => (other === step ? drawn : other)),
    },
    bindings: bound,
    streams,
  };
}
