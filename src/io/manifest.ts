import { z } from 'zod';
import type { Plan } from '../compiler/plan.js';
import type { By, KernelLoss } from '../loss.js';
import type { Round } from '../runtime/fit.js';
import type { InputHash } from '../runtime/kept.js';
import type { SavedSummary } from './saved-summary.js';

/** Everything of a fitted layer that is one number or word. */
export interface SavedLayer {
  readonly layer: string;
  readonly loss: number;
  readonly nullLoss: number | null;
  readonly objective: number;
  readonly iterations: number;
  readonly stopped: 'converged' | 'max-iter' | 'aborted';
  readonly kkt: number;
  readonly restart: number;
  /** What the blocks that it reads, or their rows, were multiplied by. */
  readonly roots?: readonly (number | readonly number[])[] | null;
  /** The loss that was minimised, but for its parameters' values, and the size of the data; absent: squares. */
  readonly fittedLoss?: SavedLoss;
}

export interface SavedLoss extends Pick<KernelLoss, 'name' | 'power' | 'delta' | 'floor' | 'penalties'> {
  readonly dispersion: By | null;
  readonly zeroInflation: By | null;
  readonly rms: number;
}

/** What a saved fit says of itself. */
export interface Manifest {
  readonly format: number;
  /** The version of factorloom that wrote it. */
  readonly version: string;
  readonly plan: Plan;
  readonly summary: SavedSummary;
  readonly layers: readonly SavedLayer[];
  readonly inputs: readonly InputHash[];
}

/** What a checkpoint says of itself: which fit it is of, and how far that has come. */
export interface CheckpointManifest {
  readonly format: number;
  readonly version: string;
  readonly backend: string;
  readonly plan: Plan;
  readonly seed: number;
  /** All data that the plan loads. */
  readonly data: readonly InputHash[];
  /** Those that are finished. */
  readonly layers: readonly SavedLayer[];
  readonly inWork: { readonly layer: string; readonly restart: number; readonly iterations: number } | null;
  /** The rounds of joint training so far. */
  readonly joint: readonly Round[] | null;
}

/** What a layer that a sweep has kept says of itself; what it is called is for those who share it to say. */
export interface LayerManifest extends Omit<SavedLayer, 'layer'> {
  readonly format: number;
}

/** What the fit of a point of a sweep on a mask says of itself; its layers are files of their own. */
export interface RowManifest extends Omit<Manifest, 'layers'> {
  /** Of which point on which mask it is. */
  readonly name: string;
  /** Whether it stays when its sweep is over, whoever else has use for it. */
  readonly stays: boolean;
  /** The hash that each layer is found under. */
  readonly layers: { readonly [layer: string]: string };
}

/** What the fits of a point say together about its NMF layers; their labels are tensors. */
export interface DiagnosisManifest {
  readonly format: number;
  /** Of which point on which masks it is. */
  readonly name: string;
  readonly layers: {
    readonly [layer: string]: {
      readonly cophenetic: number | null;
      readonly dispersion: number;
      readonly stability: number;
      /** What the samples are called; null: they have no names. */
      readonly samples: readonly string[] | null;
    };
  };
}

const count = z.int().min(0);
const slot = z.string().regex(/^%\d+$/);
const step = z.looseObject({ op: z.string() });
const layer = z.looseObject({
  layer: z.string(),
  method: z.enum(['nmf', 'svd']),
  slots: z.object({ W: slot, d: slot, H: slot }),
});
const by = z.enum(['global', 'row', 'column']).nullable();
const savedLayer = z.object({
  layer: z.string(),
  loss: z.number(),
  nullLoss: z.number().nullable(),
  objective: z.number(),
  iterations: count,
  stopped: z.enum(['converged', 'max-iter', 'aborted']),
  kkt: z.number(),
  restart: count,
  roots: z.array(z.union([z.number().positive(), z.array(z.number().positive())])).nullish(),
  fittedLoss: z
    .object({
      name: z.string(),
      power: z.number(),
      delta: z.number(),
      floor: z.number(),
      penalties: z.number(),
      dispersion: by,
      zeroInflation: by,
      rms: z.number(),
    })
    .optional(),
});
const input = z.looseObject({ loss: z.number(), factors: z.record(z.string(), z.array(z.number())).optional() });
const hashes = z.array(z.object({ name: z.string(), sha256: z.string() }));
const ofFit = {
  format: count,
  version: z.string(),
  plan: z.looseObject({
    version: z.literal(1),
    slots: z.array(z.looseObject({ id: slot, shape: z.tuple([count, count]) })),
    prepare: z.array(step),
    fit: z.array(step),
    finish: z.array(step),
    layers: z.array(layer),
    output: z.array(z.string()),
    notes: z.array(z.looseObject({ code: z.string() })),
  }),
  summary: z.looseObject({ loss: z.number(), inputs: z.record(z.string(), input) }),
  inputs: hashes,
};
const manifest = z.object({ ...ofFit, layers: z.array(savedLayer) });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const keptLayer = z.object({ format: count, ...savedLayer.omit({ layer: true }).shape });
const row = z.object({ ...ofFit, name: sha256, stays: z.boolean(), layers: z.record(z.string(), sha256) });
const share = z.number().min(0).max(1);
const measures = z.object({
  cophenetic: z.number().min(-1).max(1).nullable(),
  dispersion: share,
  stability: share,
  samples: z.array(z.string()).nullable(),
});
const diagnosis = z.object({ format: count, name: sha256, layers: z.record(z.string(), measures) });
const checkpoint = z.object({
  format: count,
  version: z.string(),
  backend: z.string(),
  plan: z.looseObject({}),
  seed: count,
  data: hashes,
  layers: z.array(savedLayer),
  inWork: z.object({ layer: z.string(), restart: count, iterations: count }).nullable(),
  joint: z
    .array(z.object({ round: count, inputs: z.record(z.string(), z.number()), objective: z.number() }))
    .min(1)
    .nullable(),
});

/** A manifest from its text, or why it is none; whoever wrote it has hashed it, so that only its form is looked at. */
export const readManifest = (text: string, format: number) => read<Manifest>(manifest, text, format);
export const readLayer = (text: string, format: number) => read<LayerManifest>(keptLayer, text, format);
export const readRow = (text: string, format: number) => read<RowManifest>(row, text, format);
export const readDiagnosis = (text: string, format: number) => read<DiagnosisManifest>(diagnosis, text, format);
export const readCheckpoint = (text: string, format: number) => read<CheckpointManifest>(checkpoint, text, format);

function read<M>(schema: z.ZodType, text: string, format: number): M | 'newer' | 'unknown' {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'unknown';
  }
  const claim = z.object({ format: count }).safeParse(value);
  if (!claim.success) return 'unknown';
  if (claim.data.format > format) return 'newer';
  // The hash says that we wrote it: what the schema leaves open is as it was, and in the order it was in.
  return schema.safeParse(value).success ? (deepFrozen(value) as M) : 'unknown';
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFrozen(part);
    Object.freeze(value);
  }
  return value;
}
