import type { Matrix } from '../../src/index.js';
import { aml, hawaiibirds, pbmc3k, synthetic } from '../data/matrices.js';

/** One race: a matrix, a rank, and how long each may look around. */
export interface Case {
  readonly id: string;
  readonly label: string;
  readonly X: () => Matrix;
  readonly k: number;
  readonly precisions: readonly ('f64' | 'f32')[];
  /** Its name in ../shared/anchors/peers.jsonl. */
  readonly anchor: string | null;
  /** Most iterations. */
  readonly top: number;
  /** Seconds that exploring one trajectory may take: ours, theirs, and our long fit for the best known loss. */
  readonly limits: { readonly ours: number; readonly theirs: number; readonly long: number };
}

const small = { top: 2048, limits: { ours: 4, theirs: 4, long: 4 } } as const;

export const cases: readonly Case[] = [
  { id: 'aml-6', label: 'aml', X: aml, k: 6, precisions: ['f64'], anchor: 'aml.npy', ...small },
  { id: 'aml-20', label: 'aml', X: aml, k: 20, precisions: ['f64'], anchor: 'aml.npy', ...small },
  {
    id: 'birds-8',
    label: 'hawaiibirds',
    X: hawaiibirds,
    k: 8,
    precisions: ['f64'],
    anchor: 'hawaiibirds.mtx',
    ...small,
  },
  {
    id: 'pbmc3k-10',
    label: 'pbmc3k counts',
    X: pbmc3k,
    k: 10,
    precisions: ['f64', 'f32'],
    anchor: 'pbmc3k.mtx',
    top: 512,
    limits: { ours: 5, theirs: 10, long: 8 },
  },
  {
    id: 'pbmc3k-40',
    label: 'pbmc3k counts',
    X: pbmc3k,
    k: 40,
    precisions: ['f64', 'f32'],
    anchor: 'pbmc3k.mtx',
    top: 512,
    limits: { ours: 6, theirs: 15, long: 10 },
  },
  {
    id: 'dense-32',
    label: 'synthetic dense',
    X: synthetic,
    k: 32,
    precisions: ['f64', 'f32'],
    anchor: null,
    top: 512,
    limits: { ours: 5, theirs: 8, long: 8 },
  },
];

/** Budgets that only show that it works. */
export const hasty = (one: Case): Case => ({ ...one, top: 128, limits: { ours: 1, theirs: 2, long: 2 } });
