import type { Compiled } from '../../compiler/plan.js';
import { asJson, type Difference, unequal } from '../../io/differences.js';
import { hashOfMatrix, hashOfText } from '../../io/hash.js';
import { packageVersion } from '../../io/version.js';
import { pointText } from '../../issues.js';
import type { Looks } from '../fit-point.js';
import type { HoldOutKind } from '../held-out.js';
import type { Inputs, Point } from '../points.js';
import type { Masking } from '../replicate.js';
import type { Params } from '../space.js';
import { placeOf } from '../warm-start.js';
import { textOf } from './text.js';

type Hashes = Readonly<Record<string, string>>;

/** All that decides the numbers of a sweep, but for the graphs of its points. */
export interface Identity {
  readonly version: string;
  readonly backend: string;
  /** The names of the parameters, in order. */
  readonly params: readonly string[];
  readonly seed: number;
  readonly holdOut: HoldOutKind;
  readonly testFraction: number;
  readonly ridge: number;
  /** Null: none. */
  readonly earlyStopping: Looks | null;
  readonly reps: number;
  /** SHA-256 of the data by the name of the input. */
  readonly inputs: Hashes;
}

export async function identityOf(
  inputs: Inputs,
  { kind, fraction, seed }: Masking,
  {
    params,
    reps,
    ridge,
    earlyStopping,
    backend,
  }: Pick<Identity, 'params' | 'reps' | 'ridge' | 'earlyStopping' | 'backend'>,
): Promise<Identity> {
  const hashes: [name: string, sha256: string][] = [];
  for (const [name, matrix] of inputs) hashes.push([name, await hashOfMatrix(matrix)]);
  return {
    version: packageVersion(),
    backend,
    params: [...params].sort(),
    seed,
    holdOut: kind,
    testFraction: fraction,
    ridge,
    earlyStopping,
    reps,
    inputs: Object.fromEntries(hashes),
  };
}

export function identityDifferences(then: Identity, now: Identity): readonly Difference[] {
  const { inputs: dataThen, ...restThen } = then;
  const { inputs: data, ...rest } = now;
  return [...unequal(restThen, rest, []), ...dataDifferences(dataThen, data, (name) => `input '${name}'`)];
}

const dataDifferences = (then: Hashes, now: Hashes, said: (name: string) => string): readonly Difference[] =>
  [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((name) => then[name] !== now[name])
    .map((name) => ({ at: said(name) }));

/** What the graph of a point comes to; the data of the inputs are those of the sweep. */
export interface Graph {
  /** The steps that are fitted. */
  readonly fit: unknown;
  /** SHA-256 of whatever else is bound, by name. */
  readonly data: Hashes;
  /** SHA-256 of the whole plan. */
  readonly plan: string;
  /** Where layers start from, by name; absent where all start at random. */
  readonly starts?: unknown;
}

/** Null: the point has no graph. */
export async function graphOf(point: Point): Promise<Graph | null> {
  const { compiled } = point;
  if (compiled === null) return null;
  const { plan } = compiled;
  const starts = [...point.starts].map(([layer, from]) => [layer, { ...placeOf(from), path: from.path }] as const);
  return {
    ...{ fit: asJson(plan.fit), data: await otherData(compiled), plan: hashOfText(textOf(plan)) },
    ...(starts.length > 0 && { starts: Object.fromEntries(starts) }),
  };
}

async function otherData({ plan, bindings }: Compiled): Promise<Hashes> {
  const hashes: [name: string, sha256: string][] = [];
  for (const step of plan.prepare) {
    if (step.op !== 'load' || step.source === 'input') continue;
    const matrix = bindings.get(step.write);
    if (matrix !== undefined) hashes.push([`${step.source} ${step.name} ${step.write}`, await hashOfMatrix(matrix)]);
  }
  return Object.fromEntries(hashes);
}

/** Where the graph of a point is not the one that its rows are of. */
export function graphDifferences(params: Params, then: Graph | null, now: Graph | null): readonly Difference[] {
  const point = pointText(params);
  if (then === null || now === null) {
    const said = (graph: Graph | null) => (graph === null ? 'no graph' : 'a graph');
    return then === now ? [] : [{ at: point, values: `${said(then)} there, ${said(now)} here` }];
  }
  const parts = [
    ...unequal(then.fit, now.fit, ['fit']),
    ...unequal(then.starts ?? {}, now.starts ?? {}, ['starts']),
    ...dataDifferences(then.data, now.data, (name) => name.replace(/ %\d+$/, '')),
  ];
  const all = parts.length > 0 || then.plan === now.plan ? parts : [{ at: 'plan' }];
  return all.map((part) => ({ ...part, at: `${point}: ${part.at}` }));
}
