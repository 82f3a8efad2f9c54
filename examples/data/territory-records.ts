import { createRequire } from 'node:module';
import type { Country } from 'world-countries';

/** One territory that both sources know: its people and where it lies. */
export interface TerritoryRecord {
  readonly country: Country;
  readonly population: number;
  /** Share of the people for each language code. */
  readonly shares: ReadonlyMap<string, number>;
}

interface TerritoryInfo {
  readonly _population: string;
  readonly languagePopulation?: Readonly<Record<string, { readonly _populationPercent: string }>>;
}

interface Cldr {
  readonly supplemental: { readonly territoryInfo: Readonly<Record<string, TerritoryInfo>> };
}

/** Languages for which Node 20 has no English name. */
const NAMES: Readonly<Record<string, string>> = {
  apc: 'Levantine Arabic',
  apd: 'Sudanese Arabic',
  bci: 'Baoulé',
  bsq: 'Bassa',
  buc: 'Bushi',
  bzj: 'Belizean Creole',
  fud: 'East Futunan',
  gcr: 'Guianese Creole',
  kro: 'Kru',
  lir: 'Liberian English',
  mey: 'Hassaniyya Arabic',
  rcf: 'Réunion Creole',
  skr: 'Saraiki',
  toi: 'Tonga (Zambia)',
  tsj: 'Tshangla',
  tts: 'Isan',
  wls: 'Wallisian',
  wni: 'Ndzwani Comorian',
  zdj: 'Ngazidja Comorian',
};

/** Joins CLDR's language shares with the map of world-countries by two-letter code. */
export function readTerritories(): TerritoryRecord[] {
  const require = createRequire(import.meta.url);
  const countries: readonly Country[] = require('world-countries');
  const cldr: Cldr = require('cldr-core/supplemental/territoryInfo.json');
  return countries.flatMap((country) => {
    const info = cldr.supplemental.territoryInfo[country.cca2];
    const shares = sharesOf(info?.languagePopulation ?? {});
    return shares.size === 0 ? [] : [{ country, population: Number(info._population), shares }];
  });
}

// CLDR lists a language once for each script it is written in, so the largest share stands for it.
function sharesOf(spoken: NonNullable<TerritoryInfo['languagePopulation']>): Map<string, number> {
  const shares = new Map<string, number>();
  for (const [locale, { _populationPercent }] of Object.entries(spoken)) {
    const code = locale.split('_')[0];
    const share = Number(_populationPercent) / 100;
    if (code !== 'und' && share > 0) shares.set(code, Math.max(share, shares.get(code) ?? 0));
  }
  return shares;
}

/** English names of language codes. */
export function nameLanguages(codes: readonly string[]): string[] {
  const english = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  return codes.map((code) => NAMES[code] ?? english.of(code) ?? code);
}
