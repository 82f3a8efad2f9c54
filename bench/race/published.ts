import { Skip } from '../context.js';
import { readShared } from '../data/read.js';
import { median } from '../stats.js';
import { goals, type Published } from './result.js';

interface Line {
  readonly tool: string;
  readonly data: string;
  readonly k: number;
  readonly seed: number;
  readonly maxit: number;
  readonly secs: number;
  readonly mse: number;
}

/** Seconds to our best known loss by the fits that ../shared/anchors lists; nothing where they are not there. */
export function published(data: string | null, k: number, best: number): readonly Published[] {
  const lines = readLines().filter((line) => line.data === data && line.k === k);
  return [...new Set(lines.map(({ tool }) => tool))].map((tool) => {
    const fits = lines.filter((line) => line.tool === tool).toSorted((a, b) => a.maxit - b.maxit);
    const bySeed = [...new Set(fits.map(({ seed }) => seed))].map((seed) => fits.filter((line) => line.seed === seed));
    const secondsTo = (goal: number) => {
      const middle = median(bySeed.map((fit) => fit.find(({ mse }) => mse <= best * (1 + goal))?.secs ?? Infinity));
      return { goal, seconds: Number.isFinite(middle) ? middle : null };
    };
    return { tool, seconds: goals.map(secondsTo), finalLoss: median(bySeed.map((fit) => fit[fit.length - 1].mse)) };
  });
}

function readLines(): readonly Line[] {
  try {
    return readShared('anchors/peers.jsonl')
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line); // its README says what a line holds
  } catch (error) {
    if (error instanceof Skip) return [];
    throw error;
  }
}
