import { readFile } from 'node:fs/promises';
import type { Compiled, Plan } from '../compiler/plan.js';
import { ModelFileError } from '../errors.js';
import type { Checkpoints, InWork, JointWork, Reached } from '../runtime/checkpoint.js';
import type { InputHash } from '../runtime/kept.js';
import type { SeenStreams } from '../runtime/streams.js';
import { asJson, type Difference, listed, unequal } from './differences.js';
import { hashOfMatrix } from './hash.js';
import { type FileKind, readHashed, writeHashed } from './hashed-file.js';
import { byRows, matrixIn, type Origin, resultOf, savedLayer, shapeOf, tensorsOf } from './layer-tensors.js';
import { type CheckpointManifest, readCheckpoint, type SavedLayer } from './manifest.js';
import type { Tensor } from './safetensors.js';
import { packageVersion } from './version.js';

const CHECKPOINT: FileKind<CheckpointManifest> = {
  word: 'factorloom-checkpoint',
  format: 1,
  called: 'A checkpoint',
  otherwise: 'not-a-checkpoint',
  read: readCheckpoint,
};

/** Where the numbers of a layer in work stand, and the factors in joint training; no layer's name begins so. */
const STATE = '~state';
const FACTORS = { A: '~A', E: '~E' } as const;

interface Place {
  readonly path: string;
  readonly every: number;
  /** False: nothing is read. */
  readonly resume: boolean;
  readonly backend: string;
}

/** All that decides the bits of a fit. */
type Identity = Pick<CheckpointManifest, 'version' | 'backend' | 'plan' | 'data'>;

/** One file that keeps how far the fit of a plan on its data has come. */
export async function checkpointFile(
  compiled: Compiled,
  streams: SeenStreams,
  { path, every, resume, backend }: Place,
): Promise<Checkpoints> {
  const { plan } = compiled;
  const identity: Identity = { version: packageVersion(), backend, plan, data: await hashesOf(compiled, streams) };
  return {
    every,
    async read() {
      const bytes = resume ? await bytesAt(path) : null;
      if (bytes === null) return null;
      const { manifest, tensors } = await readHashed(CHECKPOINT, path, bytes);
      const differs = differences(manifest, identity);
      if (differs.length > 0) throw otherFit(path, differs);
      return reachedOf(path, plan, manifest, tensors);
    },
    async write({ seed, results, inWork, joint }) {
      const tensors = new Map<string, Tensor>();
      const layers: SavedLayer[] = [];
      for (const [layer, result] of results) {
        for (const [name, tensor] of tensorsOf(result)) tensors.set(`${layer}/${name}`, tensor);
        layers.push(savedLayer(layer, result));
      }
      const at = inWork && { layer: inWork.layer, restart: inWork.restart, iterations: inWork.state.iterations };
      if (inWork !== null) {
        const { numbers } = inWork.state;
        tensors.set(STATE, { shape: [numbers.length], data: numbers });
      }
      for (const side of ['A', 'E'] as const)
        for (const [layer, factor] of joint?.[side] ?? []) tensors.set(`${FACTORS[side]}/${layer}`, byRows(factor));
      const told = { ...identity, seed, layers, inWork: at, joint: joint?.rounds ?? null };
      await writeHashed(CHECKPOINT, path, told, tensors);
    },
  };
}

/** What is in a file; null where there is none. */
async function bytesAt(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelFileError('not-a-checkpoint', path, `A checkpoint must be a file that can be read: ${reason}`, {
      cause: error,
    });
  }
}

/** Of everything that the plan loads, in its order. */
async function hashesOf({ plan, bindings }: Compiled, streams: SeenStreams): Promise<readonly InputHash[]> {
  const hashes: InputHash[] = [];
  for (const step of plan.prepare) {
    if (step.op !== 'load') continue;
    const name = step.source === 'input' ? `input '${step.name}'` : step.name;
    const matrix = bindings.get(step.write);
    const sha256 = matrix === undefined ? streams.get(step.write)?.sha256 : await hashOfMatrix(matrix);
    if (sha256 !== undefined) hashes.push({ name, sha256 });
  }
  return hashes;
}

function reachedOf(
  path: string,
  plan: Plan,
  { seed, layers, inWork, joint }: CheckpointManifest,
  tensors: ReadonlyMap<string, Tensor>,
): Reached {
  const from: Origin = { path, code: 'not-a-checkpoint' };
  const results = new Map(layers.map((saved) => [saved.layer, resultOf(from, plan, saved, tensors)]));
  return {
    seed,
    results,
    inWork: inWork && workOf(path, inWork, tensors.get(STATE)),
    joint: joint && { rounds: joint, ...factorsOf(from, plan, tensors) },
  };
}

/** The factors of every layer; the means of an SVD are one more column. */
function factorsOf(from: Origin, plan: Plan, tensors: ReadonlyMap<string, Tensor>): Pick<JointWork, 'A' | 'E'> {
  const centred = new Set(plan.fit.flatMap((step) => (step.op === 'svd' && step.args.center ? [step.layer] : [])));
  const all = (side: 'A' | 'E', slot: 'W' | 'H') =>
    new Map(
      plan.layers.map(({ layer, slots }) => {
        const [rows, cols] = shapeOf(plan, slots[slot]);
        const shape = [rows, side === 'A' && centred.has(layer) ? cols + 1 : cols];
        return [layer, matrixIn(from, tensors.get(`${FACTORS[side]}/${layer}`), shape)] as const;
      }),
    );
  return { A: all('A', 'W'), E: all('E', 'H') };
}

type Claim = NonNullable<CheckpointManifest['inWork']>;

/** Whether the numbers fit is for the kernel to say. */
function workOf(path: string, { layer, restart, iterations }: Claim, state: Tensor | undefined): InWork {
  if (state?.data instanceof Float64Array) return { layer, restart, state: { iterations, numbers: state.data } };
  throw new ModelFileError(
    'not-a-checkpoint',
    path,
    `A checkpoint must hold the state of the layer in work, '${layer}'`,
  );
}

function otherFit(path: string, differs: readonly Difference[]): ModelFileError {
  return new ModelFileError(
    'other-fit',
    path,
    `A checkpoint must be of the same graph, data, seed, backend and version; the one that is there differs in ${listed(differs)}. Give another path, remove the file, or begin anew with resume: false`,
    { differs: differs.map(({ at }) => at) },
  );
}

/** What is not the same, the causes before what follows from them. */
function differences(saved: Identity, now: Identity): readonly Difference[] {
  const { seed, fit, slots, ...rest } = now.plan;
  const { seed: seedThen, fit: fitThen, slots: slotsThen, ...restThen } = saved.plan;
  const hashes = new Map(saved.data.map(({ name, sha256 }) => [name, sha256]));
  return [
    ...unequal(saved.version, now.version, ['version']),
    ...unequal(saved.backend, now.backend, ['backend']),
    ...unequal(seedThen, seed, ['seed']),
    ...now.data.filter(({ name, sha256 }) => hashes.get(name) !== sha256).map(({ name }) => ({ at: name })),
    ...unequal(fitThen, asJson(fit), ['fit']),
    ...unequal(restThen, asJson(rest), []),
    ...unequal(slotsThen, asJson(slots), ['slots']),
  ];
}
