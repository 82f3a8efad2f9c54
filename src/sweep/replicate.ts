import { compile } from '../compiler/compile.js';
import type { Compiled, Plan, PlannedTerms, SlotId } from '../compiler/plan.js';
import type { GraphConfig } from '../dsl/config.js';
import { GraphError } from '../errors.js';
import { quickestKernels } from '../kernels/select.js';
import { type Matrix, storedValues } from '../matrix.js';
import type { Looks } from './fit-point.js';
import {
  type HoldOutKind,
  heldOutSamples,
  keyOf,
  type Split,
  splitEntries,
  splitSamples,
  startSeed,
} from './held-out.js';
import { nameArrays, nameOf } from './merge.js';
import type { Inputs, Point } from './points.js';
import { knownIn } from './score.js';
import { type OtherData, withData } from './with-data.js';

/** How a sweep holds out. */
export interface Masking {
  readonly kind: HoldOutKind;
  readonly fraction: number;
  readonly seed: number;
}

/** One mask over all inputs. */
export interface Replicate {
  readonly index: number;
  /** Of all starts. */
  readonly seed: number;
  readonly splits: ReadonlyMap<string, Split>;
  /** The samples held out, where whole samples are. */
  readonly samples: readonly number[] | null;
}

/** @throws GraphError 'nothing-held-out' for an input of which no entry is drawn. */
export async function replicateOf(
  index: number,
  inputs: Inputs,
  { kind, fraction, seed }: Masking,
): Promise<Replicate> {
  const splits = new Map<string, Split>();
  const [first] = inputs.values();
  const samples = kind === 'samples' ? heldOutSamples(first.cols, seed, index, fraction) : null;
  for (const [input, matrix] of inputs) {
    const split =
      kind === 'samples'
        ? splitSamples(matrix, samples ?? [])
        : await splitEntries(matrix, keyOf(seed, index, input), fraction, kind);
    if (split.count === 0) throw nothing(input, matrix, kind);
    splits.set(input, split);
  }
  return { index, seed: startSeed(seed, index), splits, samples };
}

/** Names the data that are left, so that they have the same when they are made again. */
export function nameData({ index, splits }: Replicate): void {
  for (const [input, { train }] of splits) nameArrays(train, `mask ${index} of input '${input}'`);
}

const nothing = (input: string, matrix: Matrix, kind: HoldOutKind) => {
  const nonzeros = () => Float64Array.from(storedValues(matrix)).filter((x) => x !== 0 && !Number.isNaN(x)).length;
  const entries = kind === 'nonzeros' ? nonzeros() : knownIn([matrix]);
  return new GraphError([{ code: 'nothing-held-out', input, entries, at: `input '${input}'` }]);
};

/** The graph of a point as it is fitted on a mask. */
export interface Masked extends Compiled {
  /** The samples that were held out of each matrix that is bound; empty where entries were. */
  readonly heldOut: ReadonlyMap<SlotId, Matrix>;
}

/** How the graph of a point is fitted on a mask. */
export interface Fitting {
  readonly config: GraphConfig | undefined;
  readonly looks: Looks | null;
  /** Least L2 of both factors of layers that read what entries are held out of. */
  readonly ridge: number;
}

/** @throws GraphError for what is left of the data. */
export function compileOn(
  point: Point,
  { index, seed, splits, samples }: Replicate,
  { config, ridge }: Fitting,
): Masked {
  const out = new Set(samples);
  const conditions: Split[] = [];
  const other: OtherData = {
    input: (node) => {
      const split = splits.get(node.options.name);
      const { sampleNames } = node.options;
      const names =
        samples === null || sampleNames === undefined ? {} : { sampleNames: sampleNames.filter((_, j) => !out.has(j)) };
      return Object.freeze({ ...node, options: { ...node.options, ...names }, data: split?.train ?? node.data });
    },
    condition: (node) => {
      if (samples === null || node.Z.kind === 'unusable') return node;
      const split = splitSamples(node.Z, samples);
      nameArrays(split.train, `mask ${index} of ${nameOf(node.Z)}`);
      conditions.push(split);
      return { ...node, Z: split.train };
    },
  };
  const node = withData(point.node, other);
  const compiled = curing(samples, () => compile(node, { ...config, seed }, quickestKernels().look));
  const heldOut = new Map<SlotId, Matrix>();
  for (const [slot, bound] of samples === null ? [] : compiled.bindings) {
    const split = [...splits.values(), ...conditions].find(({ train }) => train === bound);
    if (split !== undefined) heldOut.set(slot, split.test);
  }
  // Joint training knows no penalties.
  const ridged = samples === null && compiled.plan.joint === null;
  const plan = ridged ? withRidge(compiled.plan, ridge) : compiled.plan;
  return { ...compiled, plan, heldOut };
}

/** Entries that are held out are missing, which some layers can't have; those that can do with whole samples are told so. */
function curing<R>(samples: Replicate['samples'], make: () => R): R {
  try {
    return make();
  } catch (error) {
    if (samples !== null || !(error instanceof GraphError)) throw error;
    throw new GraphError(
      error.issues.map((issue) =>
        issue.code === 'incompatible-options' && 'missing' in issue.options && !('symmetric' in issue.options)
          ? { ...issue, cure: `hold out whole samples (holdOut: 'samples'); or ${issue.cure}` }
          : issue,
      ),
    );
  }
}

/** The plan with a least L2 for layers that read missing entries, of both factors where each has its own. */
function withRidge(plan: Plan, ridge: number): Plan {
  const raised = (terms: PlannedTerms): PlannedTerms => ({ ...terms, L2: Math.max(terms.L2, ridge) });
  const fit = plan.fit.map((step) => {
    if (step.op === 'nmf' && step.args.missing !== null)
      return { ...step, args: { ...step.args, W: raised(step.args.W), H: raised(step.args.H) } };
    if (step.op === 'svd' && step.args.missing)
      return { ...step, args: { ...step.args, L2: Math.max(step.args.L2, ridge) } };
    return step;
  });
  return { ...plan, fit };
}
