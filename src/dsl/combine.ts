import type { MatrixInput } from '../matrix-input.js';
import { condition, expression, frozenCopy, isOptions, nodesOf } from './build.js';
import type { ConditionOptions, SharedOptions } from './config.js';
import type {
  AddGuard,
  ConcatGuard,
  Condition,
  ConditionOn,
  FactorExpr,
  InputsOf,
  LayersOf,
  MergedLayers,
  ModalityGuard,
  ModalityOf,
  PartsOf,
  RankGuard,
  RankOf,
  Ref,
  SharedExpr,
} from './expr.js';

/** What stacking members I yields. */
type SharedOf<I extends readonly Ref[]> = SharedExpr<
  InputsOf<I[number]>,
  MergedLayers<LayersOf<I[number]>>,
  ModalityOf<I[number]>
>;

/**
 * Several modalities over the same samples: their rows are stacked, so the layer on top has one H (k × samples) and
 * one W per modality, by name. Members are inputs, or layers (their embedding is a modality named after the layer).
 * `samples`, last, says how they are brought together by name: inputs are aligned; a layer must have its samples in
 * the order wanted already.
 *
 * @example
 * const joint = nmfLayer(factorShared(rna, atac), { name: 'joint', k: 20 }); // fit.joint.W.rna, fit.joint.W.atac
 * const mosaic = factorShared(rna, atac, { samples: 'union' }); // a sample that one of them lacks is missing there
 */
export function factorShared<const I extends readonly [Ref, Ref, ...Ref[]]>(
  ...inputs: { [P in keyof I]: ModalityGuard<I[P], I> }
): SharedOf<I>;
export function factorShared<const I extends readonly [Ref, Ref, ...Ref[]]>(
  ...inputs: [...{ [P in keyof I]: ModalityGuard<I[P], I> }, SharedOptions]
): SharedOf<I>;
export function factorShared(...inputs: readonly unknown[]): unknown {
  const last = inputs.at(-1);
  const options = isOptions(last) ? [frozenCopy(last) as SharedOptions] : []; // the compiler's validation has the last word
  const members = nodesOf(options.length === 0 ? inputs : inputs.slice(0, -1));
  return expression({ kind: 'shared', inputs: members, ...(options.length === 0 ? {} : { options: options[0] }) });
}

/**
 * The embeddings of several branches, stacked: Σ kᵢ rows × samples.
 *
 * @example
 * const top = nmfLayer(factorConcat(genes, peaks), { name: 'top', k: 5 });
 */
export function factorConcat<const B extends readonly [Ref, Ref, ...Ref[]]>(
  ...branches: { [P in keyof B]: ConcatGuard<B[P]> }
): FactorExpr<number, InputsOf<B[number]>, MergedLayers<LayersOf<B[number]>>, Extract<PartsOf<B[number]>, Condition>> {
  return expression({ kind: 'concat', inputs: nodesOf(branches) });
}

/**
 * The sum of embeddings of equal rank: k × samples.
 *
 * @example
 * const both = factorAdd(genes, peaks); // k must agree: a compile error where the type checker knows both
 */
export function factorAdd<A extends Ref, const B extends readonly [Ref, ...Ref[]]>(
  first: A & AddGuard<A>,
  ...rest: { [I in keyof B]: RankGuard<RankOf<A>, B[I]> }
): FactorExpr<RankOf<A>, InputsOf<A | B[number]>, MergedLayers<LayersOf<A | B[number]>>, never> {
  return expression({ kind: 'add', inputs: nodesOf([first, ...rest]) });
}

/**
 * `x` with the p rows of Z (p × samples: batches, doses, coordinates) appended below it. The layer on top reports the
 * loadings of x's rows in `W` and those of Z's in `Wcondition`. Conditions nest: their rows follow each other, inner first.
 *
 * @example
 * const top = nmfLayer(factorCondition(parts, Z), { name: 'top', k: 5 }); // fit.top.W, fit.top.Wcondition
 */
export function factorCondition<U extends Ref>(x: U, Z: MatrixInput, options: ConditionOptions = {}): ConditionOn<U> {
  return condition(x, Z, options);
}
