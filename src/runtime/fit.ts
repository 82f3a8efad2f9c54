import type { Condition, LayerMap, NoLayers } from '../dsl/expr.js';
import type { DenseMatrix } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import type { Reported } from './reported.js';

/** One accepted iterate. */
export interface HistoryEntry {
  readonly iteration: number;
  /** Mean squared error per known entry of the layer's own input, each square times its weight; of another loss the deviance. */
  readonly loss: number;
  /** What is minimised, penalties included: ½·Σ ω·(x − wh)² + penalties, or that of another loss. */
  readonly objective: number;
}

/** One value for each modality by name, or the value itself where W is one matrix. */
export type PerModality<P extends string, T> = [Exclude<P, Condition>] extends [never]
  ? T
  : { readonly [M in Exclude<P, Condition>]: T };

/**
 * What the pairs of an SVD explain of its layer's own input, over what is known: of its squares about the means where it was
 * centred, each divided by its feature's variance where it was scaled. After joint
 * training `center` need not be these means: then the first pairs may explain less than none, and all together what they do.
 */
export interface Variance {
  /** k shares: what each pair explains beside those before it; σ_r² / ‖A‖² of a plain SVD. */
  readonly each: Float64Array;
  /** k shares: what the first r + 1 pairs explain together, at most 1. */
  readonly cumulative: Float64Array;
}

/** An entry of a factor. */
export interface Strongest {
  /** Its name, or its place where features have none. */
  readonly feature: string | number;
  /** Its row in W. */
  readonly place: number;
  /** Its entry there. */
  readonly weight: number;
}

/** What factors can be asked; on a `LayerFit`, and on some of its factors. */
interface Views<P extends string> {
  /**
   * The features that a factor (from 0) is strongest in: the n entries of its column of W (features × k) that are largest in
   * size, largest first, those that are zero left out; for each modality of a `factorShared`. n is a whole number ≥ 1, default 10.
   *
   * @throws GraphError 'invalid-option'
   * @example
   * for (const { feature, weight } of fit.parts.top(0, 5)) console.log(feature, weight);
   */
  top(
    factor: number,
    n?: number,
  ): string extends P ? OneOrByName<readonly Strongest[]> : PerModality<P, readonly Strongest[]>;
  /**
   * Some factors (from 0), each once, in the order given: W (features × r), d and H (r × samples) of these alone, with the
   * means, deviations and parameters of the layer.
   *
   * @throws GraphError 'invalid-option'
   */
  subset(factors: readonly number[]): FactorSet<P>;
  /** All factors, by falling d: the same where they are so already. */
  sorted(): FactorSet<P>;
  /** What `JSON.stringify` writes: lists for typed arrays, matrices column after column. */
  toJSON(): unknown;
}

/** Factors of a layer: W·diag(d)·H is their part of its estimate. */
export type FactorSet<P extends string = never> = Pick<BaseFit, 'd' | 'H' | 'dispersion' | 'zeroInflation'> &
  Views<P> &
  (string extends P
    ? Pick<UnknownParts, 'W' | 'Wcondition' | 'center' | 'scale'>
    : Pick<PartsFit<P>, 'W' | 'center' | 'scale'> & ([Extract<P, Condition>] extends [never] ? unknown : ConditionFit));

/** A fitted layer: X ≈ W·diag(d)·H. Where the names of its parts aren't known, W is one matrix or several. */
export type LayerFit<P extends string = never> = BaseFit & Views<P> & (string extends P ? UnknownParts : PartsFit<P>);

type PartsFit<P extends string> = {
  /** Loadings, features × k; under `factorShared` one matrix per modality, by name. */
  readonly W: PerModality<P, DenseMatrix>;
  /** Means that an SVD took out of each feature, or null. */
  readonly center: PerModality<P, Float64Array | null>;
  /** Deviations that an SVD divided each feature by, or null. */
  readonly scale: PerModality<P, Float64Array | null>;
} & ([Extract<P, Condition>] extends [never] ? unknown : ConditionFit);

interface ConditionFit {
  /** p × k: the loadings of the rows that conditions added. */
  readonly Wcondition: DenseMatrix;
}

type OneOrByName<T> = T | { readonly [modality: string]: T };

interface UnknownParts extends Partial<ConditionFit> {
  /** Loadings, features × k; under `factorShared` one matrix per modality, by name. */
  readonly W: OneOrByName<DenseMatrix>;
  /** Means that an SVD took out of each feature, or null. */
  readonly center: OneOrByName<Float64Array | null>;
  /** Deviations that an SVD divided each feature by, or null. */
  readonly scale: OneOrByName<Float64Array | null>;
}

interface BaseFit {
  /** How the layer factors its input. */
  readonly method: 'nmf' | 'svd';
  /**
   * Scales, k numbers, falling (not where a sum of a graph that was trained jointly reads the layer, nor where an SVD found
   * pairs one by one); σ for an SVD, less what L2 takes off. Trained jointly, an SVD that a sum or an NMF layer with W ≥ 0
   * reads has unit vectors that need not be orthogonal.
   */
  readonly d: Float64Array;
  /** Embedding, k × samples. */
  readonly H: DenseMatrix;
  /**
   * Mean squared error per known entry of the layer's own input, each square times its weight: Σ ω·(x − wh)² over the number
   * of entries that are known, those of weight 0 left out; ω is the product of all weights that an entry has, 1 without any.
   */
  readonly loss: number;
  /** What was minimised, penalties included: ½·Σ ω·(x − wh)² + penalties; for an SVD of the centred and scaled matrix. */
  readonly objective: number;
  /** With `history` and `kkt`, of the layer fitted by itself; rounds of joint training are in the summary. */
  readonly iterations: number;
  /** The random start that won and was fitted, from 0; 0 where there was only one. */
  readonly restart: number;
  /**
   * False when a fit ended before its tolerance: at `maxIter`, or an SVD or joint training where rounding left nothing to
   * gain. Never an error.
   */
  readonly converged: boolean;
  /** Every accepted iterate, in order. */
  readonly history: readonly HistoryEntry[];
  /**
   * Distance from a stationary point, 0 at one: the largest coordinate step still open as a fraction of its factor's
   * largest entry (below 1e-3 is close, below 1e-6 is there); for an SVD the largest residual over σ₁, and where it found pairs
   * one by one their last step, as a fraction of the largest entry.
   */
  readonly kkt: number;
  /**
   * Of loss 'nb' the sizes r, of 'gp' θ, as estimated or given: one number, one for each row that the layer reads (members of
   * a `factorShared` one after the other), or one for each sample; null for other losses.
   */
  readonly dispersion: Float64Array | null;
  /** π in the same form; null without zero inflation. W·diag(d)·H is the mean of the counts, (1 − π) times it that of the data. */
  readonly zeroInflation: Float64Array | null;
  /** What each pair of an SVD explains; null for an NMF, and for what an older version saved. */
  readonly variance: Variance | null;
}

/**
 * How well one input is reconstructed through the whole graph.
 *
 * @example
 * const { explained, factors } = fit.summary.inputs.rna;
 * console.log(explained, factors.joint); // 0.81 Float64Array(3) [0.52, 0.2, 0.14]
 */
export interface InputSummary<F = Factors> {
  /**
   * Mean squared error per known entry, in data². Weights don't enter: each known entry counts 1, one of weight 0 is missing.
   * Where the layers that read the input have another loss, the same one, the mean deviance of that.
   */
  readonly loss: number;
  /**
   * 1 − ‖X − X̂‖² / ‖X‖², about zero and not about the means; 1 for a matrix of zeros that comes back as zeros. With another
   * loss 1 − D / D₀, D₀ the deviance of the mean of all entries ('huber', 'mae': of their median).
   */
  readonly explained: number;
  /**
   * What each factor of an output layer explains by itself, by the layer's name: k numbers, in the order of `d`,
   * 1 − ‖X − l_r·h_r‖² / ‖X‖² over the known entries, for column l_r of the layer's `loadings` (features × k) and row h_r of
   * diag(d)·H (k × samples); at most 1, and below 0 for a factor that others take back. An entry's weight doesn't enter, as in
   * `explained`. Where SVDs have taken means out, both squares are about these: of the variance, not of ‖X‖². Factors that
   * overlap explain some of the same: the numbers add up to `explained` where factors are orthogonal and nothing was taken
   * out, not otherwise. They are of squares, whatever the loss. For layers below
   * the output ask `fit.explained`. Without a layer that the input doesn't lead to, and empty in what an older version saved.
   */
  readonly factors: F;
  readonly rows: number;
  readonly cols: number;
  /** Entries that are missing, or of weight 0: losses are means over the others. */
  readonly missing: number;
}

/** k numbers for each output layer, by name. */
export interface Factors {
  readonly [layer: string]: Float64Array;
}

/** The same where layers are known by name: of an output O, or where that isn't one layer, of some of all. */
type FactorsOf<L extends LayerMap, O extends string> = [O] extends [never]
  ? string extends keyof L
    ? Factors
    : { readonly [N in keyof L]?: Float64Array }
  : { readonly [N in O]: Float64Array };

/** A round of joint training. */
export interface Round {
  /** From 0, which is the layerwise fit, its sums handed down in equal parts. */
  readonly round: number;
  /** Mean squared error of each input reconstructed from the output, each known entry counting 1. */
  readonly inputs: { readonly [input: string]: number };
  /** What is lowered: Σ over origins of their weight times ½·Σ ω·(x − x̂)² over what is known, conditions included. */
  readonly objective: number;
}

export interface FitSummary<I extends string = string, F = Factors> {
  /** Mean squared error per entry over all inputs, reconstructed through the whole graph. */
  readonly loss: number;
  readonly inputs: { readonly [M in I]: InputSummary<F> };
  /** Rounds of joint training, the layerwise fit first; none where there is no such training. */
  readonly rounds: readonly Round[];
  /** Wall time of the fit. */
  readonly seconds: number;
  /** The seed that gives this fit again. */
  readonly seed: number;
  /** The kernels that ran: 'native' or 'reference'. */
  readonly backend: string;
  /** What is legal but worth knowing, as `explain()` lists it, and layers of which nothing was left. */
  readonly notes: readonly string[];
}

export interface ReconstructOptions<N extends string> {
  /** The layer whose embedding the reconstruction starts from; default: the output. */
  readonly through?: N | undefined;
  /** The features wanted, by place from 0, in this order; default: all. */
  readonly features?: ArrayLike<number> | undefined;
  /** The samples wanted, by place from 0, in this order; default: all. */
  readonly samples?: ArrayLike<number> | undefined;
}

export interface ProjectOptions {
  /** How the new data lie; default 'features-by-samples'. */
  readonly orientation?: 'features-by-samples' | 'samples-by-features' | undefined;
  /** The side information of the new samples, condition by condition as `explain()` numbers them; default: not known. */
  readonly conditions?: readonly MatrixInput[] | undefined;
  /** Cancels: `project` rejects with `signal.reason`, once the layer at hand is done. */
  readonly signal?: AbortSignal | undefined;
  /** Threads for the native kernels, ≥ 1; default: all cores. */
  readonly threads?: number | undefined;
}

/** What a fit tells about its progress: every accepted iterate of every layer, and once more when the layer is done. */
export interface Progress {
  readonly layer: string;
  /** Place among the graph's layers, from 1. */
  readonly index: number;
  readonly layers: number;
  readonly iteration: number;
  readonly maxIter: number;
  /** Mean squared error of the layer on its own input. */
  readonly loss: number;
  readonly objective: number;
  /** The layer is finished. */
  readonly done: boolean;
  /**
   * While random starts are raced: which of them this iterate is from, from 0; `maxIter` is then that of the race. The
   * fit itself follows from iteration 1, without this.
   */
  readonly restart?: number;
  /** In joint training: the round, from 1; loss and objective are those of the whole graph, and `maxIter` counts rounds. */
  readonly round?: number;
}

/** What a fit holds: layer name, then modality. O is the output, where that is one layer. */
export type GraphFit<L extends LayerMap = NoLayers, I extends string = string, O extends string = never> = {
  readonly [N in keyof L]: LayerFit<L[N]>;
} & Reported & {
    /** Losses through the whole graph, and what is needed to fit it again. */
    readonly summary: FitSummary<I, FactorsOf<L, O>>;
    /**
     * An input (features × samples) as the graph sees it: W·diag(d)·H led down from the output, or from a layer. Where a
     * `factorShared` has aligned it, its samples are those stacked there, absent ones included.
     *
     * @throws GraphError 'invalid-option' for an input or layer that the graph doesn't have.
     */
    reconstruct(input: I, options?: ReconstructOptions<keyof L & string>): Promise<DenseMatrix>;
    /**
     * The embeddings (k × new samples) of new samples, layer by layer: what each layer's H would be with every W, and the
     * weights of penalties, as they are. Modalities may be left out, and entries may be missing; a layer that reads nothing
     * of what is given is left out of the result, and a sample of which a layer reads nothing is NaN there. A sample of
     * which nothing at all is given is refused.
     *
     * @throws GraphError 'invalid-option', 'invalid-data', 'non-finite', 'nothing-known', 'sample-mismatch' for the data given.
     */
    project(
      data: { readonly [M in I]?: MatrixInput | undefined },
      options?: ProjectOptions,
    ): Promise<{ readonly [N in keyof L]?: DenseMatrix }>;
    /**
     * A layer's factors in the features of each input that it is made of (features × k): an embedding E of the layer stands
     * for loadings·E there, and for whatever the means that SVDs took out and the other branches of sums add to that.
     *
     * @throws GraphError 'invalid-option' for a layer that the graph doesn't have.
     */
    loadings(layer: keyof L & string): Promise<{ readonly [M in I]?: DenseMatrix }>;
    /**
     * What each factor of a layer explains by itself of each input that the layer is made of (k numbers): 1 − ‖X − l_r·d_r·h_r‖²
     * / ‖X‖², over what is not missing, for column l_r of the layer's `loadings`; about zero, or about the means that SVDs on the
     * way to the layer have taken out (1 − ‖X − μ − l_r·d_r·h_r‖² / ‖X − μ‖²). It is negative for a factor
     * that others take back. `summary` has it for output layers.
     *
     * @throws GraphError 'invalid-option' for a layer that the graph doesn't have.
     */
    explained(layer: keyof L & string): Promise<{ readonly [M in I]?: Float64Array }>;
  };
