import { isNumbers } from '../matrix-input.js';

/** What is wrong with a part of a loss: where it lies, and what it must be. */
interface LossFault {
  readonly path: readonly string[];
  readonly rule: string;
}

const PLAIN = ['mse', 'kl', 'gamma', 'inverse-gaussian', 'nb', 'gp', 'mae'];
const KEYS: Readonly<Record<string, readonly string[]>> = {
  tweedie: ['power'],
  huber: ['delta'],
  nb: ['dispersion', 'zeroInflation'],
  gp: ['dispersion', 'zeroInflation'],
};
const NAMES = [...PLAIN, 'tweedie', 'huber'];
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ');
const LOSS_RULE = `${quoted(PLAIN)}, or { name, … } of one of these, { name: 'tweedie', power } or { name: 'huber', delta }`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x);

/** What others call losses, and those that need a number. */
const MEANT: Readonly<Record<string, string>> = {
  huber: "{ name: 'huber', delta }, delta in units of the data: residuals beyond it count as their size",
  tweedie: "{ name: 'tweedie', power }, power at least 1",
  poisson: "'kl', which is Poisson's",
  zip: "{ name: 'gp', zeroInflation: 'global' } or { name: 'nb', zeroInflation: 'global' }",
  zinb: "{ name: 'nb', zeroInflation: 'global' }",
  frobenius: "'mse'",
  euclidean: "'mse'",
  l2: "'mse'",
  l1: "'mae'",
  'kullback-leibler': "'kl'",
  'itakura-saito': "'gamma'",
};

/** Whether an option is a loss; the lengths of lists are looked at with the data. */
export function lossFaults(loss: unknown): readonly LossFault[] {
  if (typeof loss === 'string' && PLAIN.includes(loss)) return [];
  if (typeof loss === 'string') {
    const small = loss.toLowerCase();
    const meant = PLAIN.includes(small) ? `'${small}'` : Object.hasOwn(MEANT, small) ? MEANT[small] : undefined;
    return [{ path: [], rule: meant === undefined ? LOSS_RULE : `${meant}, if that is meant; else ${LOSS_RULE}` }];
  }
  if (!isObject(loss)) return [{ path: [], rule: LOSS_RULE }];
  const { name, power, delta, dispersion, zeroInflation } = loss;
  if (typeof name !== 'string' || !NAMES.includes(name)) return [{ path: ['name'], rule: quoted(NAMES) }];
  const known = ['name', ...(KEYS[name] ?? [])];
  const odd = Object.keys(loss).filter((key) => !known.includes(key) && loss[key] !== undefined);
  const faults: LossFault[] = odd.map((key) => ({
    path: [key],
    rule: `left out: loss '${name}' has ${known.length === 1 ? 'no options' : `only ${known.slice(1).join(' and ')}`}`,
  }));
  if (name === 'tweedie' && !(isNumber(power) && power >= 1))
    faults.push({
      path: ['power'],
      rule: 'a finite number, at least 1 (between 0 and 1 there is no such distribution)',
    });
  if (name === 'huber' && !(isNumber(delta) && delta > 0))
    faults.push({ path: ['delta'], rule: 'a finite number above 0' });
  if (name !== 'nb' && name !== 'gp') return faults;
  const range = name === 'nb' ? 'finite numbers above 0' : 'numbers from 0 to below 1';
  const holds = (x: unknown) => isNumber(x) && (name === 'nb' ? x > 0 : x >= 0 && x < 1);
  return [
    ...faults,
    ...parameterFaults('dispersion', dispersion, range, holds),
    ...parameterFaults(
      'zeroInflation',
      zeroInflation,
      'numbers from 0 to below 1',
      (x) => isNumber(x) && x >= 0 && x < 1,
    ),
  ];
}

function parameterFaults(
  option: string,
  value: unknown,
  range: string,
  holds: (x: unknown) => boolean,
): readonly LossFault[] {
  if (value === undefined || value === 'global' || value === 'row' || value === 'column' || holds(value)) return [];
  if (isObject(value) && Object.keys(value).length === 1) {
    const [[by, list]] = Object.entries(value);
    if ((by === 'row' || by === 'column') && isNumbers(list) && Array.from<unknown>(list).every(holds)) return [];
  }
  return [
    { path: [option], rule: `'global', 'row' or 'column', or given: ${range}, one, { row: […] } or { column: […] }` },
  ];
}
