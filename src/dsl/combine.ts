import type { MatrixInput } from '../matrix-input.js';
import { condition, expression, frozenCopy, isOptions, nodesOf, shared } from './build.js';
import type { AddOptions, ConditionOptions } from './config.js';
import type {
  AddGuard,
  ConcatGuard,
  Condition,
  ConditionOn,
  FactorExpr,
  InputsOf,
  LayersOf,
  MembersOf,
  MergedLayers,
  PartsOf,
  RankGuard,
  RankOf,
  Ref,
  SharedArg,
  SharedOn,
} from './expr.js';
import type { Node } from './node.js';

/**
 * Several modalities over the same samples: their rows are stacked, so the layer on top has one H (k × samples) and
 * one W per modality, by name. Members are inputs, or layers (their embedding is a modality named after the layer).
 * Options come last. `samples` says how members are brought together by name: inputs are aligned; a layer must have its
 * samples in the order wanted already. `weights` says how much each counts: a layer then minimises
 * Σ_m ½·ω_m·‖X_m − W_m·H‖² plus penalties.
 *
 * @example
 * const joint = nmfLayer(factorShared(rna, atac), { name: 'joint', k: 20 }); // fit.joint.W.rna, fit.joint.W.atac
 * const even = factorShared(rna, atac, { weights: 'balance' }); // however large their numbers are
 * const mosaic = factorShared(rna, atac, { samples: 'union' }); // a sample that one of them lacks is missing there
 */
export function factorShared<const A extends readonly [Ref, Ref, ...object[]]>(
  ...members: { [P in keyof A]: SharedArg<A[P], A> }
): SharedOn<MembersOf<A>[number]> {
  const last = members.at(-1);
  return isOptions(last) ? shared(members.slice(0, -1), last) : shared(members, undefined);
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
 * The sum of embeddings of equal rank: k × samples. Options come last: `align` matches factors before they are added.
 *
 * @example
 * const both = factorAdd(genes, peaks); // k must agree: a compile error where the type checker knows both
 * const matched = factorAdd(genes, peaks, { align: true }); // each factor of peaks with the one of genes it resembles
 */
export function factorAdd<A extends Ref, const B extends readonly [Ref, ...object[]]>(
  first: A & AddGuard<A>,
  ...rest: { [I in keyof B]: B[I] extends Ref ? RankGuard<RankOf<A>, B[I]> : AddOptions }
): FactorExpr<RankOf<A>, InputsOf<A | MembersOf<B>[number]>, MergedLayers<LayersOf<A | MembersOf<B>[number]>>, never> {
  const last = rest.at(-1);
  const [branches, options] = isOptions(last) ? [rest.slice(0, -1), { options: frozenCopy(last) }] : [rest, {}];
  // As the builders of all nodes: validation has the last word on the options.
  return expression({ kind: 'add', inputs: nodesOf([first, ...branches]), ...options } as Node);
}

/**
 * `x` with the p rows of Z (p × samples, in the order of x: batches, doses, coordinates) appended below it. The layer on top reports the
 * loadings of x's rows in `W` and those of Z's in `Wcondition`. Conditions nest: their rows follow each other, inner first.
 * `weight` says how much Z's rows count beside those of x.
 *
 * @example
 * const top = nmfLayer(factorCondition(parts, Z), { name: 'top', k: 5 }); // fit.top.W, fit.top.Wcondition
 */
export function factorCondition<U extends Ref>(x: U, Z: MatrixInput, options: ConditionOptions = {}): ConditionOn<U> {
  return condition(x, Z, options);
}
