import type { GraphConfig, NmfSpec } from '../dsl/config.js';
import type { LayerNode } from '../dsl/node.js';
import type { Fault } from '../issues.js';
import type { Side } from '../objective.js';
import type { TiedForm } from '../solver.js';
import { asymmetry, ROUNDING } from '../symmetry.js';
import type { Contents } from './contents.js';
import { isNode, labelOf } from './nodes.js';
import type { Slot, StartArgs, TiedStepArgs } from './plan.js';
import { plannedLoss } from './planned-loss.js';
import { CCD_SWEEPS, factorTerms, limitsOf, methodOf, randomStart } from './resolve.js';
import type { Survey } from './survey.js';
import { affordableSweeps } from './sweeps.js';
import { isWeighed, weightOf } from './weights.js';

/** Layers in which W gives H: their options, checked and resolved. */

type NmfNode = Extract<LayerNode, { readonly method: 'nmf' }>;

/** How W gives H; null where both are fitted. */
export function tiedForm({ symmetric, projective }: NmfSpec): TiedForm | null {
  return symmetric === true ? 'symmetric' : projective === true ? 'projective' : null;
}

/** Every argument of the kernel call for a layer of a form on the matrix in slot X. */
export function resolveTied(
  form: TiedForm,
  spec: NmfSpec,
  config: GraphConfig,
  X: Slot,
  start: StartArgs,
): TiedStepArgs {
  const { sweeps, restarts } = methodOf(spec, config, null);
  const loss = plannedLoss(spec.loss);
  const auto = loss === null ? affordableSweeps(X, spec.k) : CCD_SWEEPS;
  return {
    k: spec.k,
    form,
    sweeps: sweeps === 'auto' ? auto : sweeps,
    ...limitsOf(spec, config),
    start: randomStart(spec, config, start),
    restarts,
    ...(loss === null ? {} : { loss }),
  };
}

/** What a layer in which W gives H can't have, and, if it is symmetric, can't read. */
export function tiedFaults(
  of: string,
  node: NmfNode,
  config: GraphConfig,
  contents: Contents | undefined,
  survey: Survey,
): readonly Fault[] {
  const { spec, input } = node;
  const form = tiedForm(spec);
  if (form === null) return [];
  const faults: Fault[] = [];
  const refuse = (options: Readonly<Record<string, unknown>>, rule: string, cure: string) =>
    faults.push({ code: 'incompatible-options', of, options, rule, cure });
  const needs = `A ${form} layer must have`;
  const own = { [form]: true };

  if (spec.symmetric === true && spec.projective === true)
    refuse({ ...own, projective: true }, 'A layer must be symmetric or projective, not both', 'leave one of them out');
  const { solver, start } = methodOf(spec, config, null);
  const loss = plannedLoss(spec.loss);
  const [wanted, by] = loss === null ? (['hals', {}] as const) : (['ccd', { loss: loss.name }] as const);
  if (solver !== wanted)
    refuse({ ...own, ...by, solver }, `${needs} solver '${wanted}'`, `give the layer solver: '${wanted}'`);
  for (const option of ['dispersion', 'zeroInflation'] as const) {
    const parameter = loss?.[option]?.by ?? 'global';
    if (form === 'symmetric' && parameter !== 'global')
      refuse(
        { ...own, [`loss.${option}`]: `by ${parameter}` },
        `${needs} one ${option} for all entries, as an entry is that of its row and column in either order`,
        `say ${option}: 'global', or a number`,
      );
  }
  const accelerate = spec.accelerate ?? config.accelerate;
  if (accelerate === 'her')
    refuse({ ...own, accelerate }, `${needs} no extrapolation`, "give the layer accelerate: 'none'");
  const precision = spec.precision ?? config.precision;
  if (precision === 'f32') refuse({ ...own, precision }, `${needs} 64 bits`, "give the layer precision: 'f64'");
  if (start !== 'random') refuse({ ...own, start }, `${needs} start 'random'`, "give the layer start: 'random'");
  const terms = termsOf(spec);
  if (Object.keys(terms).length > 0)
    refuse({ ...own, ...terms }, `${needs} factors without terms of their own`, 'leave these out');
  const missing = contents?.missing ?? 0;
  if (missing > 0)
    refuse({ ...own, missing }, `${needs} data without missing entries`, 'fill them in first, or use a plain nmfLayer');
  const weighed = survey.weights.get(node)?.find(isWeighed);
  if (weighed !== undefined)
    refuse({ ...own, weight: weightOf(weighed) }, `${needs} data without weights`, 'leave weights out below it');
  if (form === 'symmetric') faults.push(...symmetryFaults(of, input, survey));
  return faults;
}

/** The terms of both factors that are not the defaults, and halves of terms, by name. */
function termsOf(spec: NmfSpec): Readonly<Record<string, unknown>> {
  const sides: readonly Side[] = ['W', 'H'];
  return Object.fromEntries(
    sides.flatMap((side) => {
      const plain = new Map<string, unknown>(Object.entries(factorTerms({ name: spec.name, k: spec.k }, side)));
      const whole = Object.entries(factorTerms(spec, side)).filter(([term, value]) => value !== plain.get(term));
      // A matrix without its weight, or a weight without its matrix, makes no term.
      const parts = Object.entries({ ...spec[side], side: undefined }).filter(
        ([term, value]) => value !== undefined && value !== 0 && (!plain.has(term) || typeof value === 'object'),
      );
      return [...whole, ...parts].map(([term, value]) => [`${side}.${term}`, value]);
    }),
  );
}

/** Whether a layer's input is one square symmetric matrix. */
function symmetryFaults(of: string, input: NmfNode['input'], { data }: Survey): readonly Fault[] {
  // What is no node has been reported where the graph was collected.
  if (!isNode(input)) return [];
  if (input.kind !== 'input') {
    const rule = 'A symmetric layer must read an input';
    const cure = 'put it on a factorInput of a square symmetric matrix';
    return [{ code: 'incompatible-options', of, options: { symmetric: true }, rule, cure }];
  }
  const found = data.get(input);
  // What is no matrix of numbers is found elsewhere.
  if (found === undefined || !('facts' in found) || found.facts.infinite !== undefined) return [];
  const fault = (rule: string, got: string): Fault => ({
    code: 'invalid-data',
    of: `input '${labelOf(input)}', which ${of} reads,`,
    rule,
    got,
  });
  const { rows, cols } = found.matrix;
  if (rows !== cols) return [fault('square, for the layer is symmetric', `${rows} × ${cols}`)];
  const differ = asymmetry(found.matrix, ROUNDING * found.facts.largest);
  if (differ === undefined) return [];
  const got = differ.map(({ row, col, value }) => `${value} at row ${row}, column ${col}`).join(' and ');
  const off = Math.abs(differ[0].value - differ[1].value) / found.facts.largest;
  const by = `${off.toExponential(1)} of the largest magnitude apart, and no two further`;
  return [fault('symmetric, as the layer is; where it is nearly so take (X + Xᵀ)/2', `${got}, ${by}`)];
}
