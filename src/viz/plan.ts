import { explained, type Section } from '../compiler/explain.js';
import type { SlotId, Step } from '../compiler/plan.js';
import { readsOf, writesOf } from '../compiler/reads.js';
import { show } from '../issues.js';
import { checking } from './check.js';
import { SET2 } from './colours.js';
import type { WithPlan } from './graph.js';
import { type Picture, picture } from './picture.js';
import { shortened } from './shortened.js';

export interface PlanPlotOptions {
  /** Default 'Plan'. */
  readonly title?: string | undefined;
}

const COLOURS: Readonly<Record<Section['title'], string>> = {
  prepare: SET2[2],
  fit: SET2[0],
  train: SET2[3],
  finish: SET2[1],
  notes: SET2[6],
};

/** What a line is high, and a letter about wide. */
const LINE = 15;
const LETTER = 6.3;
/** Room between columns, and before a section. */
const GAP = 14;
/** Most letters of a column, and of a line that goes on under all. */
const LONGEST = { column: 60, line: 160 } as const;
/** How far an arc of one step reaches to the left, what each more adds, and the farthest. */
const ARC = { first: 10, step: 4, most: 90 } as const;
const BENDS = 16;

/**
 * The plan, step by step as `explain()` prints it: what is prepared, fitted, trained together and finished, each step with what it
 * writes, what it does and what there is to know of it; at the left arcs go from the step that writes a matrix to those that read
 * it.
 *
 * @param net what `factorNet` returns.
 * @throws GraphError 'invalid-data' for what has no plan, 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('plan.svg', await plotPlan(net).toSvg());
 */
export function plotPlan(net: WithPlan, options: PlanPlotOptions = {}): Picture {
  const check = checking('plotPlan');
  const { title = 'Plan' } = check.options(options, ['title']);
  const isNet = typeof net === 'object' && net !== null && Array.isArray(net.plan?.slots);
  check.refuse('net', isNet, 'what factorNet returns', show(net));
  check.done();
  const { headline, sections } = explained(net.plan);
  const { rows, heads, height } = laidOut(sections);
  const arcs = arcsOf(rows, net);
  const reach = Math.max(ARC.first, ...arcs.map(({ reach }) => reach));
  const widest = (texts: readonly string[]) =>
    texts.reduce((most, text) => Math.max(most, Array.from(text).length), 0) * LETTER;
  const columns = { dot: reach + 4, write: reach + 4 + GAP, does: 0, tells: 0 };
  columns.does = columns.write + widest(rows.map(({ write }) => write)) + GAP;
  columns.tells = columns.does + widest(rows.map(({ does }) => does)) + GAP;
  // Lines that are no steps begin where these do, and go on under all columns.
  const width = Math.max(
    columns.tells + widest(rows.map(({ tells }) => tells)),
    columns.does + widest(rows.flatMap(({ more }) => more)),
    columns.write + widest(rows.map(({ line }) => line)),
  );
  const cells = rows.flatMap(({ y, write, does, tells, more, line }) => [
    { x: columns.write, y, text: write, shade: '#000000' },
    { x: columns.does, y, text: does, shade: '#000000' },
    { x: columns.tells, y, text: tells, shade: '#000000' },
    { x: columns.write, y, text: line, shade: '#000000' },
    ...more.map((text, i) => ({ x: columns.does, y: y + (i + 1) * LINE, text, shade: '#777777' })),
  ]);
  const x = { field: 'x', type: 'quantitative', scale: null, axis: null };
  const y = { ...x, field: 'y' };
  const text = { field: 'text', type: 'nominal' };
  const mark = { type: 'text', align: 'left', baseline: 'middle', fontSize: 10 };
  return picture(title, [headline], {
    ...{ width, height },
    layer: [
      {
        data: { values: arcs.flatMap(({ reach, from, to }, arc) => ellipse(columns.dot, reach, from, to).map((bend, i) => ({ ...bend, arc, i }))) }, // biome-ignore format: one thought
        mark: { type: 'line', color: '#aaaaaa', strokeWidth: 1, orient: 'vertical' },
        encoding: { x, y, detail: { field: 'arc' }, order: { field: 'i' } },
      },
      {
        data: { values: rows.map(({ y, section }) => ({ x: columns.dot, y, colour: COLOURS[section] })) },
        mark: { type: 'point', filled: true, size: 50, opacity: 1 },
        encoding: { x, y, color: { field: 'colour', type: 'nominal', scale: null } },
      },
      {
        data: { values: cells.filter((cell) => cell.text !== '') },
        mark,
        encoding: { x, y, text, color: { field: 'shade', type: 'nominal', scale: null } },
      },
      {
        data: { values: heads.map(({ y, section }) => ({ x: columns.write, y, text: section })) },
        mark: { ...mark, fontSize: 11, fontWeight: 'bold' },
        encoding: { x, y, text },
      },
    ],
  });
}

/** A step, or a line that is none, in its place. */
interface Row {
  readonly section: Section['title'];
  readonly y: number;
  readonly step: Step | null;
  readonly write: string;
  readonly does: string;
  readonly tells: string;
  readonly more: readonly string[];
  readonly line: string;
}

function laidOut(sections: readonly Section[]) {
  const rows: Row[] = [];
  const heads: { readonly section: Section['title']; readonly y: number }[] = [];
  let y = LINE / 2;
  for (const { title: section, steps, lines } of sections) {
    if (heads.length > 0) y += GAP;
    heads.push({ section, y });
    y += LINE + 2;
    for (const { step, text } of steps) {
      const [write, does, tells] = [text.write, text.does, text.tells].map((part) => shortened(part, LONGEST.column));
      const more = text.more.map((line) => shortened(line, LONGEST.line));
      rows.push({ ...{ section, y, step, write, does, tells, more }, line: '' });
      y += LINE * (1 + text.more.length);
    }
    for (const line of lines) {
      rows.push({
        section,
        y,
        step: null,
        write: '',
        does: '',
        tells: '',
        more: [],
        line: shortened(line, LONGEST.line),
      });
      y += LINE;
    }
  }
  return { rows, heads, height: y };
}

/** From each step that writes a matrix to those that read it. */
function arcsOf(rows: readonly Row[], { plan }: WithPlan) {
  const writers = new Map<SlotId, number>();
  return rows.flatMap(({ step, y }, place) => {
    if (step === null) return [];
    const sources = new Set(readsOf(step, plan).flatMap((slot) => writers.get(slot) ?? []));
    for (const slot of writesOf(step)) writers.set(slot, place);
    return [...sources].map((source) => ({
      ...{ from: rows[source].y, to: y },
      reach: Math.min(ARC.most, ARC.first + ARC.step * (place - source - 1)),
    }));
  });
}

/** Half an ellipse to the left of x. */
const ellipse = (x: number, reach: number, from: number, to: number) =>
  Array.from({ length: BENDS + 1 }, (_, i) => {
    const turn = (Math.PI * i) / BENDS;
    return { x: x - reach * Math.sin(turn), y: from + ((to - from) * (1 - Math.cos(turn))) / 2 };
  });
