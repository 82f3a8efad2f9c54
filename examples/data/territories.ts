import type { CscMatrix, DenseMatrix } from 'factorloom';
import { cscFromColumns } from './csc-columns.js';
import { nameLanguages, readTerritories, type TerritoryRecord } from './territory-records.js';

/** Languages and places of the same territories, one column each, with names in English. */
export interface Territories {
  readonly languages: CscMatrix;
  readonly geography: DenseMatrix;
  readonly languageNames: string[];
  readonly geographyNames: string[];
  readonly territoryNames: string[];
  readonly regions: string[];
}

type Point = readonly [x: number, y: number, z: number];

/** A language stays when at least this share of some territory speaks it. */
const PRESENCE = 0.1;
const REACH_KM = 3500;
const EARTH_KM = 6371;

/** Reads every territory that CLDR and world-countries both describe. */
export function loadTerritories(): Territories {
  const territories = readTerritories();
  const present = territories.flatMap(({ shares }) => [...shares].filter(([, share]) => share >= PRESENCE));
  const codes = [...new Set(present.map(([code]) => code))].sort();
  const subregions = [...new Set(territories.map(subregionOf))].sort();
  const weights = weigh(territories);
  const languages = languageMatrix(territories, weights, codes);
  return {
    languages,
    geography: geographyMatrix(territories, weights, subregions, energy(languages.values)),
    languageNames: nameLanguages(codes),
    geographyNames: subregions.map((subregion) => `near ${subregion}`),
    territoryNames: territories.map(({ country }) => country.name.common),
    regions: territories.map(({ country }) => country.region),
  };
}

// With equal weights a factor is headed by whatever islet speaks one language only; the logarithm of the population
// brings forward the countries that people know it by.
function weigh(territories: readonly TerritoryRecord[]): number[] {
  const sizes = territories.map(({ population }) => Math.log1p(population));
  const largest = Math.max(...sizes);
  return sizes.map((size) => size / largest);
}

// Square roots keep minority languages visible; shares that add up to more than 1, by second languages, are led back.
function languageMatrix(
  territories: readonly TerritoryRecord[],
  weights: readonly number[],
  codes: readonly string[],
): CscMatrix {
  const rowOf = new Map(codes.map((code, row) => [code, row]));
  const columns = territories.map(({ shares }, j) => {
    const total = Math.max(1, sum([...shares.values()]));
    return [...shares].flatMap(([code, share]): [number, number][] => {
      const row = rowOf.get(code);
      return row === undefined ? [] : [[row, weights[j] * Math.sqrt(share / total)]];
    });
  });
  return cscFromColumns(codes.length, columns);
}

/** Closeness to the middle of each subregion: a smooth bump on the globe, so that neighbours get similar columns. */
function geographyMatrix(
  territories: readonly TerritoryRecord[],
  weights: readonly number[],
  subregions: readonly string[],
  languageEnergy: number,
): DenseMatrix {
  const points = territories.map(pointOf);
  const middles = subregions.map((name) => middle(points.filter((_, j) => subregionOf(territories[j]) === name)));
  const columns = points.map((point, j) => {
    const near = middles.map((centre) => Math.exp(-((distance(point, centre) / REACH_KM) ** 2) / 2));
    return near.map((value) => (weights[j] * value) / Math.sqrt(energy(near)));
  });
  const data = Float64Array.from(columns.flat());
  // Both matrices get the same sum of squares, so that neither of them decides the shared factors alone.
  const balance = Math.sqrt(languageEnergy / energy(data));
  return {
    kind: 'dense',
    rows: subregions.length,
    cols: territories.length,
    data: data.map((value) => balance * value),
  };
}

const subregionOf = ({ country }: TerritoryRecord) => country.subregion || country.region;

function pointOf({ country }: TerritoryRecord): Point {
  const [lat, lng] = country.latlng.map((degrees) => (degrees * Math.PI) / 180);
  return [Math.cos(lat) * Math.cos(lng), Math.cos(lat) * Math.sin(lng), Math.sin(lat)];
}

function middle(points: readonly Point[]): Point {
  const [x, y, z] = [0, 1, 2].map((axis) => sum(points.map((point) => point[axis])));
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

function distance(a: Point, b: Point): number {
  const cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  return EARTH_KM * Math.acos(Math.min(1, Math.max(-1, cosine)));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function energy(values: Iterable<number>): number {
  return sum(Array.from(values, (value) => value * value));
}
