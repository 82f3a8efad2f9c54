import type { FactorOptions, GraphConfig, NmfSpec, SvdSpec } from '../dsl/config.js';
import type { Fault } from '../issues.js';
import type { Side } from '../objective.js';
import { type Contents, LARGEST_VALUE_32 } from './contents.js';
import { plannedLoss } from './planned-loss.js';
import { factorTerms, methodOf, svdTerms } from './resolve.js';
import { isWeighed, type Weighed, weightOf } from './weights.js';

const SIDES: readonly Side[] = ['W', 'H'];

/** Options of an NMF layer that are each right and can't be had together, or not with the data that it reads. */
export function combinationFaults(
  of: string,
  spec: NmfSpec,
  config: GraphConfig,
  input: Contents | undefined,
): readonly Fault[] {
  const missing = (input?.missing ?? 0) > 0;
  const { solver, accelerate, sweeps, precision, start, restarts, rng } = methodOf(spec, config, null);
  const signFree = SIDES.filter((side) => !factorTerms(spec, side).nonneg);
  const loss = plannedLoss(spec.loss);
  const faults: Fault[] = [];
  const refuse = (options: Readonly<Record<string, unknown>>, rule: string, cure: string) =>
    faults.push({ code: 'incompatible-options', of, options, rule, cure });

  if (accelerate === 'her' && (solver === 'mu' || solver === 'cholesky') && loss === null)
    refuse(
      { accelerate, solver },
      "Extrapolation must have solver 'hals' or 'bpp'",
      "give the layer accelerate: 'none', or one of these solvers",
    );
  if (sweeps !== 'auto' && (solver === 'bpp' || solver === 'cholesky'))
    refuse(
      { sweeps, solver },
      "A number of sweeps must have solver 'hals' or 'mu'",
      "give the layer sweeps: 'auto', or one of these solvers",
    );
  for (const side of SIDES) {
    const terms = factorTerms(spec, side);
    const { angular, upperBound, nonneg } = terms;
    const wanted = loss === null ? 'hals' : 'ccd';
    const needs = (option: string) => `${side}.${option} must have solver '${wanted}'`;
    const swept = { angular: angular || null, upperBound, graph: terms.graph?.lambda, target: terms.target?.lambda };
    for (const [option, used] of Object.entries(swept)) {
      if (used && solver !== wanted)
        refuse(
          { solver, [`${side}.${option}`]: used },
          needs(option),
          `use solver: '${wanted}', or leave ${option} out`,
        );
    }
    if (angular > 0 && !nonneg)
      refuse(
        { [`${side}.angular`]: angular, [`nonneg.${side}`]: false },
        'An angular penalty must have a factor without negative numbers',
        'leave angular out, or nonneg at true',
      );
    const norm = spec.norm ?? config.norm ?? 'L1';
    if (upperBound !== null && norm !== 'none')
      refuse(
        { [`${side}.upperBound`]: upperBound, norm },
        "An upper bound must have norm: 'none': else a factor is scaled once it is fitted",
        "give the layer norm: 'none'",
      );
    for (const [what, weight] of [
      ['graph', 'graphLambda'],
      ['target', 'targetLambda'],
    ] as const) {
      const own: FactorOptions = spec[side] ?? {};
      if ((own[what] === undefined) === (own[weight] === undefined)) continue;
      const [there, absent] = own[what] === undefined ? [weight, what] : [what, weight];
      refuse(
        { [`${side}.${there}`]: own[there], [`${side}.${absent}`]: undefined },
        `${side}.${what} and ${side}.${weight} must come together`,
        `give the layer ${side}({ ${absent}: … }) too, or leave ${there} out`,
      );
    }
    const { target, targetLambda, targetScale } = spec[side] ?? {};
    // At 0 there is no such term, and its scale may stay for those who try several.
    const off = target !== undefined && targetLambda === 0;
    if (targetScale !== undefined && !off && (terms.target === null || terms.target.lambda < 0))
      refuse(
        { [`${side}.targetScale`]: targetScale, [`${side}.targetLambda`]: targetLambda },
        `${side}.targetScale must have a ${side}.targetLambda above 0`,
        'leave targetScale out',
      );
  }
  if (solver === 'mu' && loss === null) {
    for (const side of signFree)
      refuse(
        { solver, [`nonneg.${side}`]: false },
        'Multiplicative updates must have two non-negative factors',
        "use solver: 'hals', or leave nonneg at true",
      );
    if (input?.negative === true)
      refuse(
        { solver },
        'Multiplicative updates must have data without negative numbers',
        "use solver: 'hals', or add a constant to the data first",
      );
  }
  if (solver === 'cholesky') {
    for (const side of signFree) {
      const { L1 } = factorTerms(spec, side);
      if (L1 > 0)
        refuse(
          { solver, [`${side}.L1`]: L1, [`nonneg.${side}`]: false },
          "Solver 'cholesky' must have no L1 on a factor of any sign",
          "use solver: 'hals', or leave nonneg at true",
        );
    }
  }
  const gaps = [
    { found: missing, what: 'missing entries', cure: 'fill the entries in first' },
    { found: input?.byEntry === true, what: 'weights by sample or entry', cure: 'leave these weights out' },
  ];
  for (const { found, what, cure } of gaps) {
    if (!found) continue;
    const needs = `A layer that reads ${what} must have`;
    if (solver !== 'hals' && loss === null)
      refuse({ solver }, `${needs} solver 'hals'`, `use solver: 'hals', or ${cure}`);
    if (start !== 'random' && typeof start === 'string')
      refuse({ start }, `${needs} start 'random' or { W, H }`, `leave start out, or ${cure}`);
  }
  if (restarts > 1 && start !== 'random')
    refuse({ restarts, start }, "Restarts must have start: 'random'", 'give the layer restarts: 1, or that start');
  if (rng === 'R' && start !== 'random')
    refuse(
      { rng, start },
      "R's random numbers must have start: 'random'",
      "give the layer rng: 'counter', or that start",
    );
  if (precision === 'f32' && input?.fits32 === false) faults.push(beyond32(of));
  return faults;
}

/** Data that are too large or too small for 32 bits. */
export const beyond32 = (of: string): Fault => ({
  code: 'incompatible-options',
  of,
  options: { precision: 'f32' },
  rule: `Data fitted in 32 bits must have its largest magnitude between ${1 / LARGEST_VALUE_32} and ${LARGEST_VALUE_32}`,
  cure: "use precision: 'f64', or multiply the data by a power of ten first",
});

/** Options of an SVD layer that can't be had together, and what it can't read. */
export function svdFaults(of: string, spec: SvdSpec, weights: readonly Weighed[] | undefined): readonly Fault[] {
  const faults: Fault[] = [];
  const refuse = (options: Readonly<Record<string, unknown>>, rule: string, cure: string) =>
    faults.push({ code: 'incompatible-options', of, options, rule, cure });
  const weighed = weights?.find(isWeighed);
  if (weighed !== undefined)
    refuse(
      { weight: weightOf(weighed) },
      'An SVD layer must have data without weights',
      'leave weights out below it, or use nmfLayer',
    );
  const terms = svdTerms(spec);
  if (terms === null) return faults;
  const own = Object.fromEntries(
    SIDES.flatMap((side) =>
      Object.entries(terms[side]).flatMap(([term, value]) => (value ? [[`${side}.${term}`, value]] : [])),
    ),
  );
  if (spec.solver !== undefined)
    refuse(
      { solver: spec.solver, ...own },
      'An SVD layer with a solver of its own must have no L1 and no nonneg: with these, pairs are found one by one',
      'leave solver out',
    );
  if (spec.center === true && terms.H.nonneg)
    refuse(
      { center: true, 'H.nonneg': true },
      'An embedding that stays at least 0 must be of data that are not centred, which lie on both sides of 0',
      'leave center out, or say nonneg for W alone',
    );
  return faults;
}
