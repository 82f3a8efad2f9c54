/** Lets the event loop turn during long work on the main thread: no stretch without a turn is much longer than this. */
const STRETCH_MS = 8;

export interface Pause {
  /** True once a stretch of work has been long enough. */
  due(): boolean;
  turn(): Promise<void>;
}

export function createPause(): Pause {
  let since = performance.now();
  return {
    due: () => performance.now() - since > STRETCH_MS,
    turn: async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      since = performance.now();
    },
  };
}
