import type { ReadProgress } from '../index.js';
import { clipped } from '../text-table.js';
import type { Talk } from './talk.js';

/** Where work has got to. */
export interface Step {
  readonly text: string;
  /** Of what is being done, from 0 to 1. */
  readonly share: number;
}

/** How far a command has come: a bar where somebody looks on, else a line now and then. */
export interface Meter {
  /** Shown when it is time to. */
  at(step: () => Step): void;
  /** A line that stays. */
  line(text: string): void;
  /** Leaves no bar behind. */
  close(): void;
}

/** Milliseconds from one bar to the next, and from one line to the next. */
const [BAR_EVERY, LINE_EVERY] = [80, 5000];
const WIDTH = 24;
const ERASE = '\r\u001b[2K';

export function meterOf(talk: Talk, stream: NodeJS.WriteStream = process.stderr): Meter {
  if (talk.quiet) return { at: () => {}, line: () => {}, close: () => {} };
  let last = performance.now();
  const due = (every: number) => {
    const now = performance.now();
    if (now - last < every) return false;
    last = now;
    return true;
  };
  if (stream.isTTY !== true)
    return {
      at: (step) => void (due(LINE_EVERY) && talk.say(step().text)),
      line: talk.say,
      close: () => {},
    };
  let shown = false;
  const erase = () => {
    if (shown) stream.write(ERASE);
    shown = false;
  };
  return {
    at(step) {
      if (!due(BAR_EVERY)) return;
      const { text, share } = step();
      const full = Math.round(WIDTH * Math.min(1, Math.max(0, share)));
      const bar = `[${'='.repeat(full)}${' '.repeat(WIDTH - full)}] ${text}`;
      stream.write(`${ERASE}${clipped(bar, Math.max(20, (stream.columns || 80) - 1))}`);
      shown = true;
    },
    line(text) {
      erase();
      talk.say(text);
    },
    close: erase,
  };
}

/** Milliseconds after which something takes long. */
const LONG = 1000;
const MEGABYTE = 1e6;

/** Shows how far a file is read, where that takes long. */
export function watchReading(meter: Meter): (progress: ReadProgress) => void {
  const start = performance.now();
  return ({ path, read, size }) => {
    if (performance.now() - start < LONG) return;
    const [now, all] = [Math.min(read, size), size].map((bytes) => (bytes / MEGABYTE).toFixed(1));
    meter.at(() => ({ text: `reading ${path}: ${now} of ${all} MB`, share: read / size }));
  };
}
