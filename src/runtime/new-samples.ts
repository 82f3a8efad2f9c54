import { addedCounts } from '../compiler/contents.js';
import { matrixFaults, unknownLines } from '../compiler/data-faults.js';
import type { LoadStep, Plan, SlotId } from '../compiler/plan.js';
import { GraphError } from '../errors.js';
import { type Counted, type Fault, show } from '../issues.js';
import type { Kernels } from '../kernels/kernels.js';
import { domainOf } from '../loss.js';
import { column, type DenseMatrix, type Matrix } from '../matrix.js';
import { examine, firstOutside } from '../matrix-check.js';
import { toMatrix } from '../matrix-input.js';
import type { ProjectOptions } from './fit.js';
import { namesIn } from './named.js';

/** New samples by input. */
export type Given = Readonly<Record<string, unknown>>;

/** New samples, read and held to the shapes of the fit, by the slots of its plan. */
export function newSamples(
  plan: Plan,
  data: Given,
  { orientation, conditions = [] }: ProjectOptions,
  kernels: Kernels,
): ReadonlyMap<SlotId, Matrix> {
  const loads = (source: LoadStep['source']) =>
    plan.prepare.filter((step): step is LoadStep => step.op === 'load' && step.source === source);
  const [inputs, conditioned] = [loads('input'), loads('condition')];
  const faults: Fault[] = [];
  const refuse = (option: string, rule: string, got: unknown) =>
    faults.push({ code: 'invalid-option', of: 'project', option, rule, got });
  const named = entriesOf(data, (got) => refuse('data', 'readable', got));
  const known = new Map<LoadStep, unknown>();
  const [first] = inputs;
  const bare = isBare(data, inputs.map(({ name }) => name)); // biome-ignore format: one thought
  if (bare) refuse('data', `given by the name of an input: { ${first.name}: … }`, data);
  for (const [name, value] of bare ? [] : named) {
    const load = inputs.find((input) => input.name === name);
    if (load === undefined) refuse(name, `one of the inputs ${inputs.map((input) => input.name).join(', ')}`, name);
    else if (value !== undefined) known.set(load, value);
  }
  if (conditions.length > conditioned.length)
    refuse('conditions', `at most ${conditioned.length} matrices, one for each condition`, conditions);
  conditions.slice(0, conditioned.length).forEach((value, at) => {
    if (value !== undefined) known.set(conditioned[at], value);
  });
  if (known.size === 0 && faults.length === 0) refuse('data', 'new samples of at least one input', data);

  const given = new Map<SlotId, Matrix>();
  const samples: Counted[] = [];
  const knownOf: (Uint32Array | undefined)[] = [];
  for (const [{ source, name, write }, value] of known) {
    const of = source === 'input' ? `input '${name}', new samples` : `${name}, new samples`;
    const matrix = toMatrix(value, orientation === 'samples-by-features');
    const found = matrix.kind === 'unusable' ? { matrix } : { matrix, facts: examine(matrix, kernels.look) };
    const own = matrixFaults(of, found);
    faults.push(...own);
    if (own.length > 0 || matrix.kind === 'unusable') continue;
    const odd = outsideOf(plan, write, matrix);
    if (odd !== undefined) {
      faults.push({ code: 'invalid-data', of, ...odd });
      continue;
    }
    const [features] = plan.slots[Number(write.slice(1))].shape;
    if (matrix.rows !== features) {
      const got = `${matrix.rows} × ${matrix.cols}`;
      faults.push({ code: 'invalid-data', of, rule: `of ${features} features, as in the fit`, got });
    }
    const got = otherFeature(namesIn(plan, write).rowNames, featuresOf(value, orientation));
    if (got !== undefined) faults.push({ code: 'invalid-data', of, rule: 'of the features of the fit, in its order', got }); // biome-ignore format: one thought
    samples.push({ name, count: matrix.cols });
    given.set(write, matrix);
    if ('facts' in found) knownOf.push(found.facts.known?.cols);
  }
  if (samples.some(({ count }) => count !== samples[0].count))
    faults.push({ code: 'sample-mismatch', node: 'project', samples, turned: [] });
  else faults.push(...unknownLines('the new samples', 'sample', addedCounts(knownOf)));
  if (faults.length > 0) throw new GraphError(faults.map((fault) => ({ ...fault, at: 'project' })));
  return given;
}

/** The features that a matrix names by itself. */
function featuresOf(value: unknown, orientation: ProjectOptions['orientation']): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const { rowNames, colNames } = value as { readonly [key: string]: unknown }; // any object may be asked
  return orientation === 'samples-by-features' ? colNames : rowNames;
}

/** The first feature that is another one than that of the fit at its place; how many there must be is asked elsewhere. */
function otherFeature(fitted: readonly string[] | undefined, given: unknown): string | undefined {
  if (fitted === undefined || !Array.isArray(given) || given.length !== fitted.length) return undefined;
  const odd = fitted.findIndex((name, i) => name !== given[i]);
  return odd < 0 ? undefined : `${show(given[odd])} as feature ${odd}, which is ${show(fitted[odd])} there`;
}

/** Whether somebody has given a matrix, or a promise, where matrices by name are wanted. */
function isBare(data: unknown, names: readonly string[]): boolean {
  if (typeof data !== 'object' || data === null) return false;
  const like = Array.isArray(data) || ['rows', 'shape', 'then'].some((key) => key in data && !names.includes(key));
  return like && !names.some((name) => Object.hasOwn(data, name));
}

/** What the losses of the layers that read a slot forbid in new samples. */
function outsideOf({ prepare, fit }: Plan, slot: SlotId, matrix: Matrix) {
  const readers = new Set([slot]);
  for (const step of [...prepare, ...fit]) {
    if (step.op === 'align' && readers.has(step.read)) readers.add(step.write);
    if (step.op === 'stackRows' && step.reads.some((read) => readers.has(read))) readers.add(step.write);
    if ((step.op !== 'nmf' && step.op !== 'tied') || step.args.loss === undefined || !readers.has(step.read)) continue;
    const { loss, loss: { dispersion, zeroInflation } } = step.args; // biome-ignore format: one thought
    const given = { estimate: false };
    const domain = domainOf({ ...loss, dispersion: dispersion && given, zeroInflation: zeroInflation && given });
    const odd = domain === null ? undefined : firstOutside(matrix, domain.holds);
    if (domain === null || odd === undefined) continue;
    const rule = `${domain.rule}, for loss '${loss.name}' of layer '${step.layer}'`;
    return { rule, got: `${odd.value} at row ${odd.row}, column ${odd.col}` };
  }
  return undefined;
}

/** What an object holds; one that throws when it is looked at is refused. */
function entriesOf(data: unknown, refuse: (got: string) => unknown): readonly (readonly [string, unknown])[] {
  try {
    return Object.entries(typeof data === 'object' && data !== null ? data : {});
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
    return [];
  }
}

/** NaN for samples of which nothing is known: to the layers above they are missing. */
export function withoutUnknown(H: DenseMatrix, X: readonly Matrix[]): DenseMatrix {
  const facts = X.map((block) => examine(block).known);
  if (facts.some((known) => known === undefined)) return H;
  for (let j = 0; j < H.cols; j++) if (facts.every((known) => known?.cols[j] === 0)) column(H, j).fill(Number.NaN);
  return H;
}
