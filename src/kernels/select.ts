import { BackendUnavailableError } from '../errors.js';
import type { Kernels } from './kernels.js';
import { loadNative } from './native.js';
import { reference } from './reference.js';

/** 'auto' takes native where it is built, else reference, and says so once. */
export type Backend = 'auto' | 'native' | 'reference';

let warned = false;
let absent: BackendUnavailableError | undefined;

/** @throws BackendUnavailableError when 'native' is asked for and can't be loaded. */
export function selectKernels(backend: Backend = 'auto'): Kernels {
  if (backend === 'reference') return reference;
  if (backend === 'native') return loadNative();
  const kernels = quickestKernels();
  if (absent !== undefined && !warned) {
    const broken = absent.tried.filter(({ reason }) => reason !== 'no such file');
    const why = broken.length === 0 ? 'not built' : broken.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
    process.emitWarning(
      `factorloom runs on its slow reference kernels, for the native ones are missing (${why}). They are built by 'npm start' in a clone of the project, with Rust on the machine.`,
      { code: 'FACTORLOOM_REFERENCE' },
    );
    warned = true;
  }
  return kernels;
}

/** Native where it is built, else reference; once found absent it is not looked for again. */
export function quickestKernels(): Kernels {
  if (absent !== undefined) return reference;
  try {
    return loadNative();
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    absent = error;
    return reference;
  }
}
