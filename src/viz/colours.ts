/** 17 stops of two ramps that are even to the eye and in grey (van der Walt & Smith 2015), from low to high. */
export const RAMPS = {
  viridis: [
    '#440154', '#48186a', '#472d7b', '#424086', '#3b528b', '#33638d', '#2c728e', '#26828e', '#21918c',
    '#1fa088', '#28ae80', '#3fbc73', '#5ec962', '#84d44b', '#addc30', '#d8e219', '#fde725',
  ],
  inferno: [
    '#000004', '#0b0724', '#210c4a', '#3d0965', '#57106e', '#71196e', '#8a226a', '#a32c61', '#bc3754',
    '#d24644', '#e45a31', '#f1731d', '#f98e09', '#fcac11', '#f9cb35', '#f2ea69', '#fcffa4',
  ],
} as const; // biome-ignore format: tables

export type Ramp = keyof typeof RAMPS;

/** ColorBrewer's Set2 (Harrower & Brewer 2003). */
export const SET2 = [
  '#66c2a5', '#fc8d62', '#8da0cb', '#e78ac3', '#a6d854', '#ffd92f', '#e5c494', '#b3b3b3',
] as const; // biome-ignore format: a table

/** What is not known. */
export const UNKNOWN = '#d0d0d0';

export type Rgb = readonly [red: number, green: number, blue: number];

export function rgb(hex: string): Rgb {
  const whole = Number.parseInt(hex.slice(1), 16);
  return [whole >> 16, (whole >> 8) & 255, whole & 255];
}

const hexOf = (parts: Rgb): string => `#${parts.map((x) => Math.round(x).toString(16).padStart(2, '0')).join('')}`;

const between = (a: Rgb, b: Rgb, share: number): Rgb => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
];

/** n colours of a ramp, evenly from its low end to its high one; n ≥ 2. */
export function steps(ramp: Ramp, n: number): readonly Rgb[] {
  const stops = RAMPS[ramp].map(rgb);
  return Array.from({ length: n }, (_, i) => {
    const place = (i / (n - 1)) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return between(stops[low], stops[low + 1], place - low);
  });
}

/** A colour for each of n groups: Set2, and the same darker and darker where there are more than eight. */
export function groupColours(n: number): readonly string[] {
  const rounds = Math.ceil(n / SET2.length);
  return Array.from({ length: n }, (_, i) => {
    const round = Math.floor(i / SET2.length);
    return hexOf(between(rgb(SET2[i % SET2.length]), [0, 0, 0], (0.7 * round) / rounds));
  });
}
