import { Interrupted } from './failure.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Work that ends by itself when it is told to stop, by Ctrl-C, say, so that it can leave behind how far it has come; told
 * twice, the process ends at once.
 *
 * @throws Interrupted
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const control = new AbortController();
  const stop = (signal: (typeof SIGNALS)[number]) => {
    const reason = new Interrupted(signal);
    if (control.signal.aborted) process.exit(reason.exitCode);
    control.abort(reason);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await work(control.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
