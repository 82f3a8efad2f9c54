/** A number to five digits, as tables of sweeps have it. */
export const number = (x: number): string => x.toPrecision(5);

/** A weight in a list of many: to two digits. */
export const weight = (x: number): string => String(Number(x.toPrecision(2))).replaceAll('-', '−');

export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`.replace('-', '−');

export const seconds = (x: number): string => `${x < 10 ? x.toFixed(2) : x.toFixed(0)} s`;

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** A count in powers of ten where it is long. */
export const amount = (n: number): string => (n < 1e5 ? n.toLocaleString('en') : n.toExponential(2));

/** A moment, to the minute. */
export const moment = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
