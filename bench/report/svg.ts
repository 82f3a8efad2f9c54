import type { RaceResult, Run } from '../race/result.js';
import { percent } from './format.js';

const size = { width: 980, panel: { width: 310, height: 260 }, columns: 3, top: 92 } as const;
const frame = { left: 52, right: 10, top: 30, bottom: 36 } as const;
/** Excess shown: from all of the best loss down to a hundred-thousandth. */
const excess = { high: 1, low: 1e-5 } as const;

/** The series by what they show: a class of the style sheet, and a name. */
const series: readonly { readonly key: string; readonly style: string; readonly label: string }[] = [
  { key: 'factorloom f64', style: 'a', label: 'factorloom, f64' },
  { key: 'factorloom f32', style: 'b', label: 'factorloom, f32' },
  { key: 'scikit-learn f64', style: 'c', label: 'scikit-learn CD, f64' },
  { key: 'scikit-learn f32', style: 'd', label: 'scikit-learn CD, f32' },
];

/** Of viridis, darker on light pages and lighter on dark ones. */
const light = { a: '#46327e', b: '#277f8e', c: '#4f9e2d', d: '#b89400' } as const;
const dark = { a: '#a394f0', b: '#4cc3d4', c: '#8fd744', d: '#fde725' } as const;

const colours = (palette: Readonly<Record<string, string>>): string =>
  Object.entries(palette)
    .map(([name, colour]) => `.l-${name}{stroke:${colour}}.p-${name}{fill:${colour}}`)
    .join('');

const style = `text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#24292f}
.big{font-size:17px;font-weight:600}.name{font-weight:600}.tick{font-size:11.5px}.soft{fill:#57606a}
.card{fill:#fff;stroke:#d0d7de}.grid{stroke:#d8dee4}.axis{stroke:#8c959f;fill:none}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round}.narrow{stroke-dasharray:6 3}${colours(light)}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9da7b3}.card{fill:#0d1117;stroke:#30363d}.grid{stroke:#21262d}.axis{stroke:#6e7681}${colours(dark)}}`;

/** Excess loss against seconds, both logarithmic: a panel for each race, a line for each program and precision. */
export function toSvg(races: readonly RaceResult[]): string {
  const rows = Math.ceil(races.length / size.columns);
  const height = size.top + rows * size.panel.height + 12;
  const shown = series.filter(({ key }) => races.some(({ runs }) => runs.some((run) => keyOf(run) === key)));
  const legend = shown.map(({ style, label }, s) => {
    const x = 24 + s * 190;
    return `<line class="line l-${style}${dash(label)}" x1="${x}" y1="70" x2="${x + 30}" y2="70"/><circle class="p-${style}" cx="${x + 15}" cy="70" r="3.2"/><text x="${x + 38}" y="74.500">${label}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" role="img" aria-label="Excess loss against seconds">
<style>${style}</style>
<rect class="card" x="0.5" y="0.5" width="${size.width - 1}" height="${height - 1}" rx="8"/>
<text class="big" x="24" y="31">Loss above the best known, by seconds of fitting</text>
<text class="soft" x="24" y="51">Whole fits of 1, 2, 4, 8 … iterations from one start, the same for all; best known from that start. Lower left is better.</text>
${legend.join('\n')}
${races.map((race, r) => panel(race, 14 + (r % size.columns) * (size.panel.width + 7), size.top + Math.floor(r / size.columns) * size.panel.height)).join('\n')}
</svg>
`;
}

const keyOf = ({ program, precision }: Run): string => `${program} ${precision}`;
const dash = (label: string): string => (label.endsWith('f32') ? ' narrow' : '');
const px = (x: number): string => x.toFixed(1);

interface Curve {
  readonly style: string;
  readonly label: string;
  readonly points: readonly { readonly seconds: number; readonly excess: number }[];
}

function panel(race: RaceResult, left: number, top: number): string {
  const curves = curvesOf(race);
  const times = curves.flatMap(({ points }) => points.map(({ seconds }) => seconds));
  if (times.length === 0) return '';
  const decades = {
    low: Math.floor(Math.log10(Math.min(...times))),
    high: Math.ceil(Math.log10(Math.max(...times))),
  };
  const width = size.panel.width - frame.left - frame.right;
  const height = size.panel.height - frame.top - frame.bottom;
  const x = (s: number) => frame.left + (width * (Math.log10(s) - decades.low)) / (decades.high - decades.low);
  const y = (e: number) => frame.top + (height * Math.log10(excess.high / e)) / Math.log10(excess.high / excess.low);
  const columns = Array.from({ length: decades.high - decades.low + 1 }, (_, d) => 10 ** (decades.low + d));
  const rows = [1, 0.1, 0.01, 0.001, 1e-4, 1e-5];
  return `<g transform="translate(${left} ${top})">
<text class="name" x="${frame.left}" y="20">${race.label}, k = ${race.k}</text>
${rows.map((e) => `<line class="grid" x1="${frame.left}" x2="${frame.left + width}" y1="${px(y(e))}" y2="${px(y(e))}"/><text class="tick soft" text-anchor="end" x="${frame.left - 6}" y="${px(y(e) + 4)}">${percent(e)}</text>`).join('\n')}
${columns.map((s) => `<line class="grid" y1="${frame.top}" y2="${frame.top + height}" x1="${px(x(s))}" x2="${px(x(s))}"/><text class="tick soft" text-anchor="middle" x="${px(x(s))}" y="${frame.top + height + 16}">${duration(s)}</text>`).join('\n')}
<path class="axis" d="M${frame.left} ${frame.top}V${frame.top + height}H${frame.left + width}"/>
${curves.map((curve) => drawn(curve, x, y)).join('\n')}
</g>`;
}

/** The first start's timed fits, by iterations; a line ends where it leaves the panel. */
function curvesOf({ runs, bestBySeed }: RaceResult): readonly Curve[] {
  const [{ seed, loss: best }] = bestBySeed;
  return series.flatMap(({ key, style, label }) => {
    const run = runs.find((one) => one.charted && one.seed === seed && keyOf(one) === key);
    if (run === undefined) return [];
    const points = run.rungs
      .map((rung) => ({ seconds: rung.seconds.median, excess: rung.loss / best - 1 }))
      .filter((point) => point.excess >= excess.low)
      .map((point) => ({ ...point, excess: Math.min(point.excess, excess.high) }));
    return [{ style, label, points }];
  });
}

function drawn({ style, label, points }: Curve, x: (s: number) => number, y: (e: number) => number): string {
  const at = points.map((point) => [px(x(point.seconds)), px(y(point.excess))] as const);
  const dots = at.map(([cx, cy]) => `<circle class="p-${style}" cx="${cx}" cy="${cy}" r="2.6"/>`).join('');
  return `<polyline class="line l-${style}${dash(label)}" points="${at.map((pair) => pair.join(',')).join(' ')}"/>${dots}`;
}

const duration = (s: number): string =>
  s >= 1 ? `${s} s` : s >= 1e-3 ? `${Math.round(1000 * s)} ms` : `${Math.round(1e6 * s)} µs`;
