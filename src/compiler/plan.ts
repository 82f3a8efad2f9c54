import type { By, KernelLoss } from '../loss.js';
import type { Matrix } from '../matrix.js';
import type { FactorTerms, Norm, Side, SvdTerms } from '../objective.js';
import type { Acceleration, MaskedSolver, Precision, Solver, StartMethod, SvdSolver, TiedForm } from '../solver.js';
import type { StreamedMatrix } from '../streamed.js';
import type { Shares } from '../weights.js';

/** Pure JSON: matrices are slots, scalars are arguments. */
export interface Plan {
  readonly version: 1;
  /** null: a seed is drawn at each fit. */
  readonly seed: number | null;
  readonly slots: readonly Slot[];
  readonly prepare: readonly PrepareStep[];
  readonly fit: readonly FitStep[];
  readonly finish: readonly SplitStep[];
  readonly layers: readonly LayerOutput[];
  /** The layers that the output is made of: reconstructions through the output begin there. */
  readonly output: readonly string[];
  /** How all layers are trained at once, after each was by itself; null: they aren't. */
  readonly joint: JointArgs | null;
  readonly notes: readonly Note[];
  /** Lists of names, which slots refer to by their place. */
  readonly names: readonly (readonly string[])[];
}

/** Rounds over all layers on the loss of the data reconstructed through the graph. */
export interface JointArgs {
  /** Weight of the loss from the output, in (0, 1]; the other layers' own share the rest. */
  readonly coupling: number;
  readonly rounds: number;
  readonly tol: number;
}

export type SlotId = `%${number}`;

/** A matrix's place. */
export interface Slot {
  readonly id: SlotId;
  readonly label: string;
  readonly shape: readonly [rows: number, cols: number];
  /** Entries that a product with this matrix visits; fewer than rows × cols where it is sparse. */
  readonly entries: number;
  /** Those of the entries that are not zero, as far as is known. */
  readonly nonzeros: number;
  readonly bytes: number;
  /** Which of the plan's lists of names its rows have, and its columns; absent where they have none. */
  readonly rowNames?: number | undefined;
  readonly colNames?: number | undefined;
}

export interface LoadStep {
  readonly op: 'load';
  /** 'term': a target or a graph of a factor; 'weights': of an input, see `BlockWeight`. */
  readonly source: 'input' | 'condition' | 'start' | 'term' | 'weights';
  readonly name: string;
  /** How the numbers lie in memory: column after column, row after row, or compressed sparse columns. */
  readonly layout: 'columns' | 'rows' | 'csc';
  readonly precision: Precision;
  /** Entries that are missing. */
  readonly missing: number;
  /** It stays in its file, which the layers that read it walk through; absent: it is in memory. */
  readonly streamed?: true;
  readonly write: SlotId;
}

/** The samples of an input in the order in which a factorShared stacks them. */
export interface AlignStep {
  readonly op: 'align';
  readonly read: SlotId;
  /** Column j is column `from[j]` of what is read; −1: it has no such sample, and all entries are missing. */
  readonly from: readonly number[];
  /** Entries that are missing, these included. */
  readonly missing: number;
  readonly write: SlotId;
}

/** Shared inputs, concats and conditions are all stacked rows; a view, no copy. */
export interface StackStep {
  readonly op: 'stackRows';
  readonly reads: readonly SlotId[];
  readonly write: SlotId;
}

export interface AddStep {
  readonly op: 'add';
  readonly reads: readonly SlotId[];
  /** Rows of what is read are matched with those of the first before they are added; absent: they are not. */
  readonly align?: true;
  readonly write: SlotId;
}

/** diag(d)·H: what a layer hands on. */
export interface EmbedStep {
  readonly op: 'embed';
  readonly layer: string;
  readonly d: SlotId;
  readonly H: SlotId;
  readonly write: SlotId;
}

export interface NmfStep {
  readonly op: 'nmf';
  readonly layer: string;
  readonly read: SlotId;
  readonly write: FactorSlots;
  readonly args: NmfStepArgs;
}

/** An NMF in which W gives H. */
export interface TiedStep {
  readonly op: 'tied';
  readonly layer: string;
  readonly read: SlotId;
  readonly write: FactorSlots;
  readonly args: TiedStepArgs;
}

export interface SvdStep {
  readonly op: 'svd';
  readonly layer: string;
  readonly read: SlotId;
  readonly write: FactorSlots;
  readonly args: SvdStepArgs;
}

export interface FactorSlots {
  readonly W: SlotId;
  readonly d: SlotId;
  readonly H: SlotId;
}

/** Where a layer's random numbers come from: the graph's seed and its place among the layers, or a seed of its own. */
export interface StartArgs {
  readonly seed: number | null;
  readonly stream: number;
}

/** A start that is drawn. */
export interface RandomStart extends StartArgs {
  readonly from: 'random';
  /** Drawn as R does; absent: by our own numbers. */
  readonly rng?: 'R' | undefined;
}

export type NmfStart =
  | RandomStart
  | (StartArgs & { readonly from: Exclude<StartMethod, 'random'> })
  | { readonly from: 'given'; readonly W: SlotId; readonly H: SlotId };

/** Terms of a factor, their matrices in slots. */
export type PlannedTerms = FactorTerms<SlotId, SlotId>;

export interface NmfStepArgs {
  readonly k: number;
  readonly solver: Solver;
  readonly accelerate: Acceleration;
  readonly sweeps: number;
  readonly precision: Precision;
  readonly maxIter: number;
  readonly tol: number;
  readonly norm: Norm;
  readonly W: PlannedTerms;
  readonly H: PlannedTerms;
  /** How missing entries, and weights by sample and entry, are met; null where there are none. */
  readonly missing: MaskedSolver | null;
  readonly start: NmfStart;
  /** Random starts raced for the one that is fitted. */
  readonly restarts: number;
  /** How much each block of what is read counts; null where all count alike, 1. */
  readonly weights: readonly BlockWeight[] | null;
  /** Absent: squares. */
  readonly loss?: PlannedLoss;
}

/** A loss without what it takes from the data. */
export interface PlannedLoss extends Pick<KernelLoss, 'name' | 'power' | 'delta'> {
  readonly dispersion: PlannedParameter | null;
  readonly zeroInflation: PlannedParameter | null;
}

export interface PlannedParameter {
  readonly by: By;
  /** Then `values` is the one number that all begin from. */
  readonly estimate: boolean;
  readonly values: readonly number[];
}

/**
 * ω of ½·Σ ω·(X − WH)² for the rows of one block: `weight`, times what brings the block to the mean energy if it is
 * balanced, times what its matrices have: features × 1, 1 × samples and features × samples, of numbers from 0 to 1.
 */
export interface BlockWeight extends Shares<SlotId> {
  readonly weight: number;
  readonly balance: boolean;
}

export interface TiedStepArgs {
  readonly k: number;
  readonly form: TiedForm;
  readonly sweeps: number;
  readonly maxIter: number;
  readonly tol: number;
  readonly norm: Norm;
  readonly start: RandomStart;
  /** Random starts raced for the one that is fitted. */
  readonly restarts: number;
  /** Absent: squares. */
  readonly loss?: PlannedLoss;
}

export interface SvdStepArgs {
  readonly k: number;
  readonly center: boolean;
  readonly scale: boolean;
  readonly solver: SvdSolver;
  readonly L2: number;
  /** What the factors are held to, or drawn to zero by; null: an SVD. */
  readonly terms: Readonly<Record<Side, SvdTerms>> | null;
  /** Whether entries of what is read are missing. */
  readonly missing: boolean;
  readonly maxIter: number;
  readonly tol: number;
  /** Width of the block the subspace search carries. */
  readonly block: number;
  readonly start: StartArgs;
}

/** Rows of a layer's W, gathered into the parts of the result. */
export interface SplitStep {
  readonly op: 'splitRows';
  readonly layer: string;
  readonly read: SlotId;
  readonly parts: readonly SplitPart[];
}

export interface SplitPart {
  /** A modality, the rows of conditions, or all that is neither. */
  readonly part: 'modality' | 'condition' | 'rest';
  readonly name: string;
  readonly rows: readonly (readonly [from: number, to: number])[];
  readonly write: SlotId;
}

/** Where to find a fitted layer; `W` is its whole W where that isn't split. */
export interface LayerOutput {
  readonly layer: string;
  readonly method: 'nmf' | 'svd';
  readonly slots: FactorSlots;
  readonly split: boolean;
}

/** Legal, but worth knowing. */
export type Note =
  | {
      readonly code: 'rank-above-size';
      readonly method: 'nmf' | 'svd';
      readonly layer: string;
      readonly k: number;
      readonly shape: readonly [number, number];
    }
  | { readonly code: 'negative-data'; readonly layer: string }
  | { readonly code: 'zeros-stay'; readonly layer: string };

export type PrepareStep = LoadStep | AlignStep | StackStep;
/** A step that fits a layer. */
export type LayerStep = NmfStep | TiedStep | SvdStep;
export type FitStep = LayerStep | EmbedStep | AddStep | StackStep;
export type Step = PrepareStep | FitStep | SplitStep;

/** The data for each `load`. */
export type Bindings = ReadonlyMap<SlotId, Matrix>;

/** A matrix that is streamed, and its place in the graph, where faults of it are. */
export interface BoundStream {
  readonly matrix: StreamedMatrix;
  readonly at: string;
}

/** A graph made ready to run. */
export interface Compiled {
  readonly plan: Plan;
  readonly bindings: Bindings;
  /** In place of data, for each `load` that is streamed. */
  readonly streams: ReadonlyMap<SlotId, BoundStream>;
}
