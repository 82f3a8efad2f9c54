/** Lets the event loop turn once: long work on the caller's thread is cut into stretches. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
