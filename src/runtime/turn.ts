import type { Steps } from '../steps.js';

/** Lets the event loop turn once: long work on the caller's thread is cut into stretches. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Milliseconds that work holds the thread, until its next step is done. */
const STRETCH = 8;

/** What work comes to, the event loop turning between its steps; cancelled, it rejects with `signal.reason`. */
export async function inTurns<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  let since = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - since < STRETCH) continue;
    await turn();
    signal?.throwIfAborted();
    since = performance.now();
  }
}
