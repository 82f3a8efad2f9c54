import type { MatrixInput } from '../matrix-input.js';
import type { ConditionOptions, FactorConfig, NmfOptions, SharedOptions, SvdSpec } from './config.js';
import type { AddNode, ConcatNode, ConditionNode, InputNode, LayerNode, Node, SharedNode } from './node.js';
import type { RESERVED_INPUT_NAMES, RESERVED_LAYER_NAMES } from './reserved.js';

/**
 * A node plus what the type checker knows about it. Refs carry the types: every parameter and every `infer` looks at a
 * Ref. Exprs add the fluent verbs and are what is returned. With the verbs on the Refs, tsc would compare methods to
 * find a layer's name and give up (TS2589).
 */
export interface Ref<I extends string = string, L extends LayerMap = LayerMap, P extends string = string> {
  readonly node: Node;
  /** Names of the inputs upstream. */
  readonly '~inputs'?: I;
  /** Layers up to here. */
  readonly '~layers'?: L;
  /** What the W of a layer put on top is split into. */
  readonly '~parts'?: P;
}

/** Layer name → the parts its W comes in: modality names, '~condition', or `never` where W is one matrix. */
export type LayerMap = { readonly [layer: string]: string };
export type Condition = '~condition';
/** No layers yet; `{}` would accept anything, a record of string would swallow every name. */
// biome-ignore lint/complexity/noBannedTypes: an object type without keys is what is meant
export type NoLayers = {};

export interface InputRef<N extends string = string> extends Ref<N, NoLayers, never> {
  readonly node: InputNode;
  readonly '~modality'?: N;
}
export interface SharedRef<I extends string = string, L extends LayerMap = LayerMap, P extends string = string>
  extends Ref<I, L, P> {
  readonly node: SharedNode;
}
export interface FactorRef<
  K extends number = number,
  I extends string = string,
  L extends LayerMap = LayerMap,
  P extends string = string,
> extends Ref<I, L, P> {
  readonly node: LayerNode | ConcatNode | AddNode;
  readonly '~rank'?: K;
}
export interface LayerRef<
  N extends string = string,
  K extends number = number,
  I extends string = string,
  L extends LayerMap = LayerMap,
> extends FactorRef<K, I, L, never> {
  readonly node: LayerNode;
  readonly '~modality'?: N;
}
export interface ConditionRef<I extends string = string, L extends LayerMap = LayerMap, P extends string = string>
  extends Ref<I, L, P> {
  readonly node: ConditionNode;
}

export type InputsOf<E> = E extends { readonly '~inputs'?: infer I extends string } ? I : never;
export type LayersOf<E> = E extends { readonly '~layers'?: infer L extends LayerMap } ? L : NoLayers;
export type PartsOf<E> = E extends { readonly '~parts'?: infer P extends string } ? P : never;
export type ModalityOf<E> = E extends { readonly '~modality'?: infer N extends string } ? N : never;
export type RankOf<E> = E extends { readonly '~rank'?: infer K extends number } ? K : never;

/** The same keys, written out. */
export type Simplify<T> = { readonly [P in keyof T]: T[P] };
/** The layers of every branch: a union of records becomes one flat record. */
export type MergedLayers<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I extends LayerMap) => void
  ? Simplify<I>
  : never;

/** Shown in the editor where a graph breaks a rule that types can see. */
export interface GraphTypeError<Message extends string> {
  readonly '~graphTypeError': Message;
}

type LayerNameGuard<N extends string, L> = N extends (typeof RESERVED_LAYER_NAMES)[number] | `~${string}` | ''
  ? { readonly name: GraphTypeError<`a layer cannot be named '${N}'`> }
  : string extends keyof L
    ? unknown
    : N extends keyof L
      ? { readonly name: GraphTypeError<`layer '${N}' already exists upstream`> }
      : unknown;

export type InputNameGuard<N extends string> = N extends (typeof RESERVED_INPUT_NAMES)[number] | `~${string}` | ''
  ? { readonly name: GraphTypeError<`an input cannot be named '${N}'`> }
  : unknown;

/** What is made of layers, and so has a rank. */
export type EmbeddingGuard<E> = E extends FactorRef
  ? E
  : GraphTypeError<'this takes layers, or what is made of them: put a layer on it first'>;

/** What can be added: embeddings, without the rows of conditions. */
export type AddGuard<E> = E extends ConditionRef
  ? GraphTypeError<'put the condition on the sum instead'>
  : EmbeddingGuard<E>;

/** Ranks clash only when no value fits both: 20 & 16 is never; number & 16 is left to the run-time check. */
export type RankGuard<K, E> =
  E extends FactorRef<infer J>
    ? [K & J] extends [never]
      ? GraphTypeError<`rank ${J} cannot be added to rank ${K & number}`>
      : E
    : AddGuard<E>;

/** What can be stacked by factorConcat. */
export type ConcatGuard<E> = E extends ConditionRef
  ? E
  : E extends InputRef | SharedRef
    ? GraphTypeError<'raw data is stacked with factorShared, embeddings with factorConcat'>
    : E;

/** Members of factorShared need different names. */
export type ModalityGuard<E, All extends readonly unknown[]> = [ModalityOf<E>] extends [never]
  ? GraphTypeError<'members of factorShared are inputs or layers: put a layer on it first'>
  : string extends ModalityOf<E>
    ? E
    : Times<ModalityOf<E>, All> extends 0 | 1
      ? E
      : GraphTypeError<`two members are named '${ModalityOf<E>}'`>;

/** The members among what factorShared is given: all but options, where these come last. */
export type MembersOf<A extends readonly unknown[]> = A extends readonly [...infer M extends readonly Ref[], infer Last]
  ? Last extends Ref
    ? A
    : M
  : A;
/** What factorShared takes at a place: a member, or last of all its options. */
export type SharedArg<E, A extends readonly unknown[]> = E extends Ref
  ? ModalityGuard<E, MembersOf<A>>
  : MembersOf<A> extends A
    ? ModalityGuard<E, A>
    : SharedOptions<ModalityOf<MembersOf<A>[number]>>;
/** What stacking members yields. */
export type SharedOn<M> = SharedExpr<InputsOf<M>, MergedLayers<LayersOf<M>>, ModalityOf<M>>;

/** How often a modality name occurs in a list: 0, 1 or more. */
type Times<N, All extends readonly unknown[], Seen extends 0 | 1 = 0> = All extends readonly [infer A, ...infer Rest]
  ? ModalityOf<A> extends N
    ? Seen extends 1
      ? 2
      : Times<N, Rest, 1>
    : Times<N, Rest, Seen>
  : Seen;

/** An `NmfSpec` as it is written in a call, where an H() in the W slot is answered by a sentence. */
interface NmfCall<N extends string, K extends number> extends NmfOptions<N, K> {
  /** Terms of the loadings, made by `W({ … })`. */
  readonly W?: FactorConfig<'W'> | GraphTypeError<'W takes W({ … })'> | undefined;
  /** Terms of the embedding, made by `H({ … })`. */
  readonly H?: FactorConfig<'H'> | GraphTypeError<'H takes H({ … })'> | undefined;
}
export type NmfArgs<N extends string, K extends number, L> = NmfCall<N, K> & LayerNameGuard<N, L>;
export type SvdArgs<N extends string, K extends number, L> = SvdSpec<N, K> & LayerNameGuard<N, L>;

/** What putting layer N of rank K on top of U yields. */
export type LayerOn<U, N extends string, K extends number> = LayerExpr<
  N,
  K,
  InputsOf<U>,
  Simplify<LayersOf<U> & { readonly [P in N]: PartsOf<U> }>
>;
export type ConditionOn<U> = ConditionExpr<InputsOf<U>, LayersOf<U>, PartsOf<U> | Condition>;

/** `x.nmfLayer(spec)` and `nmfLayer(x, spec)` build the same node. */
export interface Verbs<Self> {
  /** An NMF layer on this: see the function of the same name. */
  nmfLayer<const N extends string, const K extends number>(spec: NmfArgs<N, K, LayersOf<Self>>): LayerOn<Self, N, K>;
  /** An SVD or PCA layer on this: see the function of the same name. */
  svdLayer<const N extends string, const K extends number>(spec: SvdArgs<N, K, LayersOf<Self>>): LayerOn<Self, N, K>;
  /** This with the rows of Z below it: see the function of the same name. */
  factorCondition(Z: MatrixInput, options?: ConditionOptions): ConditionOn<Self>;
}

export interface InputExpr<N extends string> extends InputRef<N>, Verbs<InputRef<N>> {}
export interface SharedExpr<I extends string, L extends LayerMap, P extends string>
  extends SharedRef<I, L, P>,
    Verbs<SharedRef<I, L, P>> {}
export interface FactorExpr<K extends number, I extends string, L extends LayerMap, P extends string>
  extends FactorRef<K, I, L, P>,
    Verbs<FactorRef<K, I, L, P>> {}
export interface LayerExpr<N extends string, K extends number, I extends string, L extends LayerMap>
  extends LayerRef<N, K, I, L>,
    Verbs<FactorRef<K, I, L, never>> {}
export interface ConditionExpr<I extends string, L extends LayerMap, P extends string>
  extends ConditionRef<I, L, P>,
    Verbs<ConditionRef<I, L, P>> {}
