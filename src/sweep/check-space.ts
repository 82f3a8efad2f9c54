import { GraphError } from '../errors.js';
import type { GraphIssue } from '../issues.js';
import { longestIn } from './merge.js';
import type { SweepOptions } from './options.js';
import type { Point } from './points.js';
import { gridValues, isRange, type Range } from './space.js';

const AT = 'crossValidateGraph';

/** @throws GraphError for a space without points, and for options that their strategy doesn't have. */
export function checkSpace(options: SweepOptions): void {
  const issues = [...strategyFaults(options), ...spaceFaults(options)];
  if (issues.length > 0) throw new GraphError(issues);
}

/** @throws GraphError for early stopping that would never look at a fit before its end. */
export function checkLooks({ earlyStopping }: SweepOptions, points: readonly Point[]): void {
  const plans = points.flatMap(({ compiled }) => (compiled === null ? [] : [compiled.plan]));
  if (earlyStopping === undefined || plans.length === 0) return;
  const longest = longestIn(plans);
  if (longest === undefined)
    throw new GraphError([
      {
        ...{ code: 'incompatible-options', of: AT, options: { earlyStopping }, at: AT },
        rule: 'Only NMF layers that W and H are free in can be looked at before their end',
        cure: 'leave earlyStopping out',
      },
    ]);
  const { layer, maxIter } = longest;
  const { every } = earlyStopping;
  if (every === undefined || every < maxIter) return;
  throw new GraphError([
    {
      ...{ code: 'invalid-option', of: AT, option: 'earlyStopping.every', got: every, at: AT },
      rule: `below the largest maxIter of the layers, ${maxIter} of layer '${layer}'`,
    },
  ]);
}

/** Whether the values of ranges are steps. */
const onGrid = ({ strategy = 'grid', points }: SweepOptions): boolean =>
  strategy === 'grid' || (strategy === 'halving' && points === undefined);

function strategyFaults({
  strategy = 'grid',
  points,
  eta,
  minIter,
  earlyStopping,
  warmStart,
  config,
  diagnostics = false,
  reps,
  holdOut,
}: SweepOptions): readonly GraphIssue[] {
  const issues: GraphIssue[] = [];
  const refused = (given: object, rule: string, cure: string) => {
    const options = { strategy, ...given };
    issues.push({ code: 'incompatible-options', of: AT, options, rule, cure, at: AT });
  };
  if (strategy === 'grid' && points !== undefined)
    refused({ points }, 'A grid has the points that its values make', "leave points out, or take strategy 'random', 'tpe' or 'halving'"); // biome-ignore format: one thought
  if ((strategy === 'random' || strategy === 'tpe') && points === undefined)
    issues.push({
      code: 'invalid-option',
      of: AT,
      option: 'points',
      rule: `a whole number, at least 1, for strategy '${strategy}'`,
      got: points,
      at: AT,
    });
  for (const [name, value] of Object.entries({ eta, minIter }))
    if (strategy !== 'halving' && value !== undefined)
      refused({ [name]: value }, `Only halving has ${name}`, `leave it out, or take strategy 'halving'`);
  if (earlyStopping !== undefined && strategy === 'halving')
    refused(
      { earlyStopping },
      'Halving has its own way to end fits early',
      'leave earlyStopping out, or take another strategy',
    );
  if (earlyStopping !== undefined && config?.training === 'joint')
    issues.push({
      code: 'incompatible-options',
      of: AT,
      options: { earlyStopping, 'config.training': 'joint' },
      rule: 'Fits that are ended early must be layerwise: rounds are not iterations',
      cure: 'leave earlyStopping or training out',
      at: AT,
    });
  const together = { code: 'incompatible-options', of: AT, at: AT } as const;
  if (diagnostics && reps === 1)
    issues.push({
      ...{ ...together, options: { diagnostics, reps } },
      rule: 'Fits can only agree where there are two or more',
      cure: 'take more reps, or leave diagnostics out',
    });
  if (diagnostics && holdOut === 'samples')
    issues.push({
      ...{ ...together, options: { diagnostics, holdOut } },
      rule: 'Only clusters of the same samples can be compared',
      cure: "hold out 'entries', or leave diagnostics out",
    });
  return [...issues, ...(warmStart === true ? warmFaults({ strategy, earlyStopping, config }) : [])];
}

/** Whom layers start from must be known before anything is fitted, and be fitted to its end on what is not held out. */
function warmFaults({
  strategy,
  earlyStopping,
  config,
}: Omit<SweepOptions, 'params' | 'layerFn'>): readonly GraphIssue[] {
  const refused = (given: object, rule: string, cure: string): GraphIssue => {
    const options = { warmStart: true, ...given };
    return { code: 'incompatible-options', of: AT, options, rule, cure, at: AT };
  };
  const issues: GraphIssue[] = [];
  const other = "leave warmStart out, or take strategy 'grid' or 'random'";
  if (strategy === 'tpe')
    issues.push(refused({ strategy }, 'Whom layers start from must be known before the first is fitted', other));
  if (strategy === 'halving')
    issues.push(refused({ strategy }, 'What layers start from must have come to its end', other));
  if (earlyStopping !== undefined)
    issues.push(
      refused(
        { earlyStopping },
        'What layers start from must not be chosen by what is held out',
        'leave warmStart or earlyStopping out',
      ),
    );
  if (config?.training === 'joint')
    issues.push(
      refused(
        { 'config.training': 'joint' },
        'Layers that start from others must be fitted each by itself',
        'leave warmStart or training out',
      ),
    );
  return issues;
}

function spaceFaults(options: SweepOptions): readonly GraphIssue[] {
  const issues: GraphIssue[] = [];
  const names = Object.keys(options.params);
  if (names.length === 0) issues.push({ code: 'empty-space', param: undefined, at: AT });
  for (const param of names) {
    const values = options.params[param];
    if (isRange(values)) {
      const fault = rangeFault(values, options);
      if (fault !== undefined)
        issues.push({ code: 'invalid-option', of: AT, option: `params.${param}`, ...fault, at: AT });
      continue;
    }
    if (values.length === 0) issues.push({ code: 'empty-space', param, at: AT });
    const seen = new Set<unknown>();
    const double = gridValues(values).find((x) => seen.size === seen.add(x).size);
    if (double !== undefined) issues.push({ code: 'duplicate-value', param, value: double, at: AT });
  }
  return issues;
}

function rangeFault({ steps }: Range, options: SweepOptions) {
  if (onGrid(options) === (steps !== null)) return undefined;
  return steps === null
    ? { rule: 'a range with steps, or a list of values, for a grid', got: 'a range without steps' }
    : {
        rule: 'a range without steps for points that are drawn from all of its values',
        got: `a range with steps: ${steps}`,
      };
}
