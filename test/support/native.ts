import { BackendUnavailableError } from '../../src/index.js';
import { loadNative } from '../../src/kernels/native.js';

/** Whether the Rust kernels are built here; without Rust on the machine their tests are skipped, with this reason. */
export const haveNative = (() => {
  try {
    loadNative();
    return true;
  } catch (error) {
    if (error instanceof BackendUnavailableError) return false;
    throw error;
  }
})();

export const withoutNative = haveNative ? '' : ' (skipped: the native kernels are not built; they need Rust)';
