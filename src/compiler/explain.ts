import { match } from 'ts-pattern';
import type { Side, SvdTerms } from '../objective.js';
import { plural } from '../plural.js';
import { costOf } from './cost.js';
import type {
  FactorSlots,
  LoadStep,
  NmfStepArgs,
  Note,
  Plan,
  PlannedLoss,
  PlannedParameter,
  PlannedTerms,
  RandomStart,
  Slot,
  SlotId,
  Step,
  SvdStepArgs,
  TiedStepArgs,
} from './plan.js';
import { weightOf } from './weights.js';

/** A step in words: what it writes, what it does with what it reads, and what there is to know of it. */
export interface StepText {
  readonly write: string;
  readonly does: string;
  readonly tells: string;
  readonly more: readonly string[];
}

/** A part of a plan in words; `steps` are those that the lines are of, one for each, where they are of steps. */
export interface Section {
  readonly title: 'prepare' | 'fit' | 'train' | 'finish' | 'notes';
  readonly steps: readonly { readonly step: Step; readonly text: StepText }[];
  readonly lines: readonly string[];
}

export interface ExplainOptions {
  /** Whether the seed is told. Default true. */
  readonly seed?: boolean;
}

/** The plan as text: every step with the shapes, the kernel, multiply-adds and bytes. */
export function explain(plan: Plan, options: ExplainOptions = {}): string {
  const { headline, sections } = explained(plan, options);
  const body = sections.flatMap(({ title, steps, lines }) => [
    title,
    ...steps.flatMap(({ text }) => [
      `  ${text.write} = ${text.does}   ${text.tells}`,
      ...text.more.map((line) => `      ${line}`),
    ]),
    ...lines.map((line) => `  ${line}`),
  ]);
  return [headline, ...body].join('\n');
}

/** What `explain` prints, as data: sections without a line are left out. */
export function explained(
  plan: Plan,
  { seed = true }: ExplainOptions = {},
): { readonly headline: string; readonly sections: readonly Section[] } {
  const of = (title: Section['title'], steps: readonly Step[]): Section => ({
    title,
    steps: steps.map((step) => ({ step, text: stepText(step, plan) })),
    lines: [],
  });
  const sections: readonly Section[] = [
    of('prepare', plan.prepare),
    of('fit', plan.fit),
    { title: 'train', steps: [], lines: plan.joint === null ? [] : [jointText(plan)] },
    of('finish', plan.finish),
    { title: 'notes', steps: [], lines: plan.notes.map(noteText) },
  ];
  return {
    headline: headline(plan, seed),
    sections: sections.filter(({ steps, lines }) => steps.length + lines.length > 0),
  };
}

function headline(plan: Plan, withSeed: boolean): string {
  const inputs = plan.prepare.filter((step) => step.op === 'load' && step.source === 'input').length;
  const samples = plan.slots[Number(plan.layers[plan.layers.length - 1].slots.H.slice(1))].shape[1];
  const counts = `${plural(inputs, 'input')}, ${plural(plan.layers.length, 'layer')}, ${plural(samples, 'sample')}`;
  return withSeed ? `${counts}; seed ${plan.seed ?? 'drawn at each fit'}` : counts;
}

function stepText(step: Step, plan: Plan): StepText {
  const find = (id: SlotId): Slot => plan.slots[Number(id.slice(1))];
  const size = (id: SlotId) => shapeText(find(id));
  const line = (write: string, does: string, tells: string): StepText => ({ write, does, tells, more: [] });
  return match(step)
    .with({ op: 'load' }, (load) =>
      line(load.write, `load ${load.name}`, `${size(load.write)} ${storage(load, find(load.write))}`),
    )
    .with({ op: 'align' }, ({ read, write, from }) =>
      line(write, `align ${read}`, `${size(write)}, ${alignedText(from, find(read).shape[1])}`),
    )
    .with({ op: 'stackRows' }, ({ reads, write }) =>
      line(write, `stackRows ${reads.join(' ')}`, `${size(write)}, no copy`),
    )
    .with({ op: 'add' }, ({ reads, align, write }) =>
      line(write, `add ${reads.join(' ')}`, `${size(write)}${align ? ', factors matched' : ''}`),
    )
    .with({ op: 'embed' }, ({ d, H, write, layer }) =>
      line(write, `diag(${d})·${H}`, `${size(write)}, the embedding of ${layer}`),
    )
    .with({ op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, (fit) => {
      const { layer, read, write, args } = fit;
      const kind = fit.op === 'tied' ? `${fit.args.form} nmf` : fit.op;
      return {
        ...line(slotList(write), `${kind} ${read} k=${args.k}`, `${layer}: W ${size(write.W)}, H ${size(write.H)}`),
        more: [
          match(fit)
            .with({ op: 'nmf' }, ({ args }) => nmfOptions(args))
            .with({ op: 'tied' }, ({ args }) => tiedOptions(args))
            .with({ op: 'svd' }, ({ args }) => svdOptions(args))
            .exhaustive(),
          ...(fit.op === 'nmf' ? weightLines(fit.args, read, plan) : []),
          costText(fit, plan),
        ],
      };
    })
    .with({ op: 'splitRows' }, ({ read, parts }) => {
      const called = ({ part, name }: (typeof parts)[number]) =>
        part === 'modality' ? name : part === 'condition' ? 'Wcondition' : 'W';
      return line(
        parts.map((part) => `${called(part)}=${part.write}`).join(' '),
        `splitRows ${read}`,
        parts.map(({ write }) => `${find(write).label} ${size(write)}`).join(', '),
      );
    })
    .exhaustive();
}

/** What brings an input's samples together with those of others. */
function alignedText(from: readonly number[], own: number): string {
  const absent = from.filter((source) => source < 0).length;
  const unused = own - (from.length - absent);
  return [
    'samples by name',
    ...(absent === 0 ? [] : [`${absent} absent`]),
    ...(unused === 0 ? [] : [`${unused} left out`]),
  ].join(', ');
}

function jointText({ joint, layers, output, prepare, fit }: Plan): string {
  if (joint === null) return '';
  const { coupling, rounds, tol } = joint;
  const own =
    coupling === 1 || layers.length === output.length ? '' : ` ${coupling}, each layer's own ${1 - coupling} in all,`;
  const gaps = prepare.some((step) => 'missing' in step && step.missing > 0);
  const weighed = fit.some((step) => (step.op === 'nmf' && step.args.weights !== null) || (step.op === 'svd' && step.args.scale)); // biome-ignore format: one thought
  const loss = `${weighed ? 'weighted ' : ''}loss${gaps ? ' of what is known' : ''}`;
  return `all layers at once: the ${loss} through ${output.join(' and ')}${own === '' ? ',' : own} tol ${tol}, at most ${plural(rounds, 'round')}`;
}

const slotList = ({ W, d, H }: FactorSlots): string => `${W} ${d} ${H}`;
const shapeText = ({ shape: [rows, cols] }: Slot): string => `${rows}×${cols}`;

function storage({ layout, precision, missing, streamed }: LoadStep, { entries, bytes }: Slot): string {
  return [
    ...(layout === 'csc' ? ['sparse', plural(entries, 'entry', 'entries')] : ['dense']),
    ...(layout === 'rows' ? ['row-major'] : []),
    ...(precision === 'f32' ? ['f32'] : []),
    ...(missing > 0 ? [`${plural(missing, 'entry', 'entries')} missing`] : []),
    inUnits(bytes, 'B'),
    ...(streamed === true ? ['streamed from its file'] : []),
  ].join(', ');
}

function nmfOptions({
  W,
  H,
  norm,
  tol,
  maxIter,
  precision,
  missing,
  start,
  restarts,
  weights,
  loss,
  ...solving
}: NmfStepArgs): string {
  return [
    `${lossText(loss)} by ${solverText(solving)}`,
    ...(missing === null
      ? []
      : [
          byEntry(weights)
            ? `weights in each ${loss === undefined ? 'Gram matrix' : 'step'}`
            : loss !== undefined
              ? 'missing entries left out'
              : `missing entries ${missing === 'em' ? 'filled in by the model' : 'left out of each Gram matrix'}`,
        ]),
    precision,
    ...termTexts('W', W),
    ...termTexts('H', H),
    `norm ${norm}`,
    `tol ${tol}`,
    `at most ${plural(maxIter, 'iteration')}`,
    ...(start.from === 'random' ? [] : [start.from === 'given' ? `from ${start.W} ${start.H}` : `from ${start.from}`]),
    ...(start.from === 'random' ? rngText(start) : []),
    ...(restarts === 1 ? [] : [`best of ${restarts} starts`]),
    ...(start.from === 'given' || start.seed === null ? [] : [`seed ${start.seed}`]),
  ].join(', ');
}

const rngText = ({ rng }: RandomStart): readonly string[] => (rng === 'R' ? ["start by R's numbers"] : []);

/** A loss and where its parameters are from. */
export function lossText(loss: PlannedLoss | undefined): string {
  if (loss === undefined) return 'mse';
  const { name, power, delta, dispersion, zeroInflation } = loss;
  const parameter = (what: string, found: PlannedParameter | null) => {
    if (found === null) return '';
    const { by, estimate, values } = found;
    if (by === 'global') return ` (${what} ${estimate ? 'estimated' : values[0]})`;
    return ` (${what} by ${by}${estimate ? ', estimated' : ''})`;
  };
  const own = name === 'tweedie' ? ` ${power}` : name === 'huber' ? ` ${delta}` : '';
  return `${name}${own}${parameter('dispersion', dispersion)}${parameter('zero inflation', zeroInflation)}`;
}

const byEntry = (weights: NmfStepArgs['weights']): boolean =>
  weights?.some(({ samples, entries }) => samples !== undefined || entries !== undefined) ?? false;

function termTexts(side: Side, { nonneg, upperBound, graph, target, ...weights }: PlannedTerms): readonly string[] {
  return [
    ...(nonneg ? [] : [`${side} any sign`]),
    ...(upperBound === null ? [] : [`${side} at most ${upperBound}`]),
    ...Object.entries(weights).flatMap(([term, lambda]) => (lambda > 0 ? [`${side} ${term} ${lambda}`] : [])),
    ...(graph === null ? [] : [`${side} alike along ${graph.adjacency}, ${graph.lambda}`]),
    ...(target === null || target.lambda > 0 ? [] : [`${side} rid of ${target.matrix}, ${-target.lambda}`]),
    ...(target === null || target.lambda < 0
      ? []
      : [`${side} drawn to ${target.matrix}, ${target.lambda}${target.scale === 'none' ? ', not rescaled' : ''}`]),
  ];
}

/** How much each block counts, where not all count alike. */
function weightLines({ weights }: NmfStepArgs, read: SlotId, plan: Plan): readonly string[] {
  if (weights === null) return [];
  const stack = [...plan.prepare, ...plan.fit].find((step) => step.op === 'stackRows' && step.write === read);
  const blocks = stack?.op === 'stackRows' ? stack.reads : [read];
  const text = weights.map(
    (block, i) => `${plan.slots[Number(blocks[i].slice(1))].label}=${weightOf(block, (slot) => ` ${slot}`)}`,
  );
  return [`weights: ${text.join(', ')}`];
}

function tiedOptions({ form, sweeps, norm, tol, maxIter, start, restarts, loss }: TiedStepArgs): string {
  const how =
    loss === undefined
      ? `exact steps along HALS, at most ${plural(sweeps, 'sweep')}`
      : `steps that are looked for along coordinate Newton steps, ${plural(sweeps, 'sweep')}`;
  return [
    `${lossText(loss)} by ${how}`,
    `H = ${form === 'symmetric' ? 'Wᵀ' : 'WᵀX'}`,
    'f64',
    `norm ${norm}`,
    `tol ${tol}`,
    `at most ${plural(maxIter, 'iteration')}`,
    ...rngText(start),
    ...(restarts === 1 ? [] : [`best of ${restarts} starts`]),
    ...(start.seed === null ? [] : [`seed ${start.seed}`]),
  ].join(', ');
}

function solverText({ solver, accelerate, sweeps }: Pick<NmfStepArgs, 'solver' | 'accelerate' | 'sweeps'>): string {
  const how = match(solver)
    .with('hals', () => 'HALS')
    .with('mu', () => 'multiplicative updates')
    .with('bpp', () => 'block principal pivoting')
    .with('cholesky', () => 'clipped least squares')
    .with('ccd', () => 'coordinate Newton steps')
    .exhaustive();
  const most = match(solver)
    .with('hals', () => [`at most ${plural(sweeps, 'sweep')}`])
    .with('mu', 'ccd', () => [plural(sweeps, 'sweep')])
    .with('bpp', 'cholesky', () => [])
    .exhaustive();
  return [accelerate === 'her' ? `${how} with HER` : how, ...most].join(', ');
}

function svdOptions({ center, scale, solver, L2, terms, missing, tol, maxIter, start }: SvdStepArgs): string {
  const own = start.seed === null ? [] : [`seed ${start.seed}`];
  const how = match(solver)
    .with('krylov', () => 'block Krylov')
    .with('lanczos', () => 'Lanczos')
    .with('randomized', () => 'randomized subspaces')
    .exhaustive();
  const what = terms !== null ? 'step' : missing ? 'round' : solver === 'krylov' ? 'restart' : 'cycle';
  return [
    terms === null ? how : 'pair by pair',
    ...(terms === null ? [] : [svdTermsText('W', terms.W), svdTermsText('H', terms.H)].filter((text) => text !== '')),
    ...(L2 > 0 ? [`L2 ${L2}`] : []),
    ...(missing ? ['missing entries filled in by the model'] : []),
    ...(center ? ['centred'] : []),
    ...(scale ? ['scaled'] : []),
    `tol ${tol}`,
    `at most ${plural(maxIter, what)}${terms === null ? '' : ' each'}`,
    ...own,
  ].join(', ');
}

function svdTermsText(side: Side, { L1, nonneg }: SvdTerms): string {
  const parts = [...(nonneg ? ['≥ 0'] : []), ...(L1 > 0 ? [`L1 ${L1}`] : [])];
  return parts.length === 0 ? '' : `${side} ${parts.join(' ')}`;
}

function costText(step: Step, plan: Plan): string {
  const { per, multiplyAdds, bytes } = costOf(step, plan);
  return `${per === 'once' ? '' : 'each: '}${inUnits(multiplyAdds, '')} multiply-adds, ${inUnits(bytes, 'B')} moved`;
}

/** A count in thousands of thousands, to three digits. */
function inUnits(count: number, unit: string): string {
  const powers = ['', 'k', 'M', 'G', 'T', 'P'];
  let power = 0;
  let value = count;
  while (value >= 999.5 && power < powers.length - 1) {
    value /= 1000;
    power++;
  }
  const digits = value >= 99.5 || power === 0 ? value.toFixed(0) : value.toPrecision(3).replace(/\.?0+$/, '');
  return `${digits} ${powers[power]}${unit}`.trimEnd();
}

/** A note as a sentence. */
export function noteText(note: Note): string {
  return match(note)
    .with({ code: 'rank-above-size' }, ({ layer, method, k, shape: [m, n] }) => {
      const rest = method === 'svd' ? 'σ and the vectors beyond it are zero' : 'the surplus factors may stay empty';
      return `${layer}: k=${k} is more than a ${m}×${n} matrix can need; ${rest}`;
    })
    .with(
      { code: 'negative-data' },
      ({ layer }) =>
        `${layer}: its input may hold negative numbers, which non-negative factors can only approach by zero`,
    )
    .with(
      { code: 'zeros-stay' },
      ({ layer }) => `${layer}: multiplicative updates leave the zeros of start 'nndsvd' at zero; 'nndsvda' has none`,
    )
    .exhaustive();
}
